#!@PYTHON@ -S
# A function (version @VERSION@) for the deployer's tests: it answers CloudFormation's next request of a kind as the first line of
# the file of that name says, `SECONDS [REASON]`, takes that line away, and succeeds at once when there is none.
import json
import os
import time
import urllib.request

CONTROL = "@CONTROL@/"
API = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"


def send(url, body, method):
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), method=method)).close()


def rule(kind):
    try:
        with open(CONTROL + kind) as file:
            first, _, rest = file.read().partition("\n")
        with open(CONTROL + kind, "w") as file:
            file.write(rest)
    except FileNotFoundError:
        first = ""
    seconds, _, reason = first.partition(" ")
    return float(seconds or 0), reason


while True:
    answer = urllib.request.urlopen(API + "next")
    event, request_id = json.load(answer), answer.headers["Lambda-Runtime-Aws-Request-Id"]
    with open(CONTROL + "calls", "a") as file:
        file.write(event["RequestType"] + "\n")
    seconds, reason = rule(event["RequestType"])
    time.sleep(seconds)
    if reason:
        print(json.dumps({"level": "ERROR", "fields": {"message": "the schema: " + reason}}), flush=True)
    same = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    status = {"Status": "FAILED" if reason else "SUCCESS", "Reason": reason, "PhysicalResourceId": "schema"}
    send(event["ResponseURL"], {**same, **status}, "PUT")
    send(API + request_id + "/response", {}, "POST")
