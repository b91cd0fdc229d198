"""What JSON Schema cannot say of valid requests is put right before they are sent; requests that are meant to be wrong stay so."""
import random
import re

import schemathesis
import urllib3.connection

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
BUILT_IN = {"application", "compose", "server", "schedule", "previewDeployment", "backup", "volumeBackup", "installer"}
ADDRESSES = random.Random(1)


class FromAnywhere(urllib3.connection.HTTPConnection):
    """Every connection has an address of this host of its own: the API answers many wrong tokens of one address with 429."""

    def __init__(self, *arguments, **options):
        options["source_address"] = (f"127.{ADDRESSES.randrange(1, 255)}.{ADDRESSES.randrange(256)}.1", 0)
        super().__init__(*arguments, **options)


urllib3.connectionpool.HTTPConnectionPool.ConnectionCls = FromAnywhere


def known_type(value):
    """A type that a worker announces: here only those that are built in."""
    return "application" if isinstance(value, str) and NAME.match(value) and value not in BUILT_IN else value


def settle(job):
    """Jobs that exist, secrets that are named, one time to start at."""
    if not isinstance(job, dict):
        return
    if "type" in job:
        job["type"] = known_type(job["type"])
    if job.get("dependsOn"):
        job["dependsOn"] = []
    for one in job.get("notify") or []:
        one.pop("secret", None)
    if job.get("runAt") and job.get("delay"):
        job["delay"] = None


def settle_body(case):
    body = case.body
    if not isinstance(body, dict):
        return
    if case.operation.path == "/api/v1/jobs":
        settle(body)
        if (case.headers or {}).get("Idempotency-Key"):
            body.pop("idempotencyKey", None)
    if case.operation.path.startswith("/api/v1/resources"):
        settle(body.get("defaults"))
    if case.operation.path.startswith("/api/v1/schedules"):
        settle(body.get("job"))
        body["cron"] = "30 2 * * *"
        if body.get("timezone"):
            body["timezone"] = "Europe/Berlin"
        if "id" in (case.path_parameters or {}) and "id" in body:
            body["id"] = case.path_parameters["id"]


@schemathesis.hook
def before_call(context, case, **kwargs):
    query = case.query or {}
    if re.fullmatch(r"[0-9.e+-]+", str(query.get("wait", ""))) and 1 < float(query["wait"]) <= 300:
        query["wait"] = 1
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if "type" in (case.path_parameters or {}):
        case.path_parameters["type"] = known_type(case.path_parameters["type"])
    if "/api/deployment." in case.operation.path:
        query.pop("cursor", None)
    if "tail" in query:
        query.pop("offset", None)
    settle_body(case)
