#!/bin/sh
# Builds the sample site: one page from a template.
set -eu
echo "rendering the page for $(cat version)"
mkdir -p public
sed -e "s/@VERSION@/$(cat version)/" -e "s/@JOB@/$HOISTWAY_JOB_ID/" page.html >public/index.html
echo "public/index.html has $(wc -c <public/index.html) bytes"
