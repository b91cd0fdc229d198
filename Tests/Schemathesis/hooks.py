"""What JSON Schema cannot say of valid requests. Only values that are valid by the schema are touched, so that requests which
are meant to be wrong stay wrong."""
import random
import re

import schemathesis
import urllib3.connection

ADDRESSES = random.Random(1)


class FromAnywhere(urllib3.connection.HTTPConnection):
    """Every connection has an address of this host of its own: the API answers many wrong tokens of one address with 429."""

    def __init__(self, *arguments, **options):
        options["source_address"] = (f"127.{ADDRESSES.randrange(1, 255)}.{ADDRESSES.randrange(256)}.1", 0)
        super().__init__(*arguments, **options)


urllib3.connectionpool.HTTPConnectionPool.ConnectionCls = FromAnywhere

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\Z")
BUILT_IN = {"application", "compose", "server", "schedule", "previewDeployment", "backup", "volumeBackup", "installer"}


def known_type(value):
    """A type that a worker announces: here only those that are built in."""
    if isinstance(value, str) and NAME.match(value) and value not in BUILT_IN:
        return "application"
    return value


def settle(job):
    """Jobs that exist, secrets that are named, one time to start at."""
    if not isinstance(job, dict):
        return
    if "type" in job:
        job["type"] = known_type(job["type"])
    depends = job.get("dependsOn")
    if isinstance(depends, list) and all(isinstance(one, str) and JOB_ID.match(one) for one in depends):
        job["dependsOn"] = []
    if isinstance(job.get("notify"), list):
        for one in job["notify"]:
            if isinstance(one, dict) and isinstance(one.get("secret"), str):
                del one["secret"]
    if isinstance(job.get("runAt"), str) and job.get("delay"):
        job["delay"] = None


@schemathesis.hook
def map_body(context, body):
    if not isinstance(body, dict):
        return body
    settle(body)
    settle(body.get("job"))
    settle(body.get("defaults"))
    if isinstance(body.get("cron"), str) and body["cron"]:
        body["cron"] = "30 2 * * *"
    if isinstance(body.get("timezone"), str) and body["timezone"]:
        body["timezone"] = "Europe/Berlin"
    return body


@schemathesis.hook
def map_query(context, query):
    """A cursor that a page ended with, one place to begin at."""
    if query:
        if isinstance(query.get("cursor"), str) and "/api/deployment." in context.operation.path:
            del query["cursor"]
        if isinstance(query.get("tail"), int) and isinstance(query.get("offset"), int):
            del query["offset"]
    return query


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    if path_parameters and "type" in path_parameters:
        path_parameters["type"] = known_type(path_parameters["type"])
    return path_parameters
