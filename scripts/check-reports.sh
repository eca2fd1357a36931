#!/usr/bin/env bash
# Has other programs read the reports of the tests: Microsoft's SARIF Multitool (npm), sarif-tools and junitparser (PyPI), xmllint with
# the schema of MUDLARK_TEST_JUNIT_XSD if that names one, and jsonschema (PyPI) with GitLab's own schema of secret detection reports, version 15.2, if
# MUDLARK_TEST_GITLAB_SCHEMA names it. What is not to be had is named, and not checked.
# GitLab ships its schema in the source of GitLab (lib/gitlab/ci/parsers/security/validators/schemas) and in the gem
# gitlab-security_report_schemas, and in no package of PyPI, npm or Go; report/testdata/gitlab.schema.json asks for all that it does.
# Usage: scripts/check-reports.sh
set -euo pipefail
cd "$(dirname "$0")/../report/testdata"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if command -v npm >/dev/null 2>&1 && (cd "$work" && npm install --silent --no-audit --no-fund @microsoft/sarif-multitool-linux@5.7.0 >/dev/null 2>&1); then
  tool=$work/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool
  chmod u+x "$tool"
  # What GitHub code scanning demands (GHAS) and the standard (SARIF). A tool without an address is only advised against (SARIF2005).
  "$tool" validate all.sarif --rule-kind "Sarif;Ghas" --output "$work/out.sarif" --log ForceOverwrite | tee "$work/log"
  if grep -E ': (error|warning) ' "$work/log" | grep -v SARIF2005; then exit 1; fi
else
  echo "did not run: SARIF Multitool: not to be installed"
fi

if python3 -m venv "$work/venv" >/dev/null 2>&1 && "$work/venv/bin/pip" install -q sarif-tools junitparser >/dev/null 2>&1; then
  "$work/venv/bin/sarif" summary all.sarif
  "$work/venv/bin/python" - <<'PY'
import csv
from junitparser import JUnitXml
suites = list(JUnitXml.fromfile("all.junit.xml"))
cases = [c for s in suites for c in s]
rows = list(csv.DictReader(open("all.csv", newline="")))
failed = [c for c in cases if c.result]
assert len(suites) == 1 and suites[0].failures == len(failed) == len(rows) > 0, (suites, cases, rows)
print("%d passed, 0 failed" % len(rows))
PY
else
  echo "did not run: sarif-tools and junitparser: not to be installed"
fi

if [ -n "${MUDLARK_TEST_GITLAB_SCHEMA:-}" ]; then
  "$work/venv/bin/pip" install -q jsonschema
  "$work/venv/bin/python" - "$MUDLARK_TEST_GITLAB_SCHEMA" <<'PY'
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
assert schema["self"]["version"].startswith("15.2."), schema["self"]
report = json.load(open("all.gitlab.json"))
jsonschema.Draft7Validator(schema).validate(report)
print("GitLab's schema takes %d findings" % len(report["vulnerabilities"]))
PY
fi

if [ -z "${MUDLARK_TEST_GITLAB_SCHEMA:-}" ]; then
  echo "did not run: GitLab's own schema: MUDLARK_TEST_GITLAB_SCHEMA does not name it"
fi

if [ -n "${MUDLARK_TEST_JUNIT_XSD:-}" ]; then
  xmllint --noout --schema "$MUDLARK_TEST_JUNIT_XSD" all.junit.xml
fi
