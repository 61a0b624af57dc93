"""Makes the change that review.png shows: edits of the committed templates as a careless pull request might have them.

usage: review_change.py BEFORE AFTER   two folders to be made, for `infra review --before BEFORE --after AFTER`
"""

import pathlib
import re
import shutil
import sys

ENVIRONMENTS = pathlib.Path(__file__).resolve().parents[2] / "environments"


def edit(text, resource, pattern, replacement):
    """Replaces the first match below a resource; a pattern that is not there any more is an error."""
    start = re.search(rf"^  {resource}:$", text, re.M).start()
    head, tail = text[:start], text[start:]
    tail, count = re.subn(pattern, replacement, tail, count=1, flags=re.M | re.S)
    assert count == 1, (resource, pattern)
    return head + tail


def without(text, resource):
    """Removes a resource."""
    text, count = re.subn(rf"^  {resource}:\n(?:    .*\n)+", "", text, flags=re.M)
    assert count == 1, resource
    return text


def change(stage, api, data):
    # On every stage: a queue gets another name, a queue loses its dead letters, a function more memory and more rights.
    api = edit(api, "PriceQueue", rf"fipe-price-queue-{stage}", f"fipe-prices-{stage}")
    api = edit(api, "ModelQueue", r"      RedrivePolicy:\n        deadLetterTargetArn: .*?\n        maxReceiveCount: 5\n", "")
    api = edit(api, "FipePriceLoader", r"MemorySize: \d+", "MemorySize: 1024")
    api = edit(api, "FipePriceLoaderRole", r"- sqs:SendMessage$", "- sqs:*")
    api = without(api, "ModelQueueOldestMessage") if "  ModelQueueOldestMessage:\n" in api else api
    new = f"""  PriceArchive:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      BucketName: fipe-price-archive-{stage}
"""
    api = re.sub(r"^Resources:\n", "Resources:\n" + new, api, flags=re.M)
    if stage == "prd":
        # On prd alone: the database opens, its backups and a log's retention are cut, the latter with a reason.
        data = edit(data, "DatabaseSecurityGroup", r"      SecurityGroupIngress:\n", """      SecurityGroupIngress:
        - IpProtocol: tcp
          FromPort: 5432
          ToPort: 5432
          Description: A consultant, for a day.
          CidrIp: 0.0.0.0/0
""")
        data = edit(data, "Cluster", r"BackupRetentionPeriod: 7", "BackupRetentionPeriod: 1")
        data = edit(data, "Cluster", r"DeletionProtection: true", "DeletionProtection: false")
        data = edit(data, "ClusterParameterGroup", r'rds.force_ssl: "1"', 'rds.force_ssl: "0"')
        acknowledged = """    Metadata:
      Acknowledged:
        - Rule: data-loss/retention-cut
          Reason: the ingestor's logs are kept in the archive
          Until: "2099-12-31"
"""
        api = edit(api, "FipeSomaIngestorLogGroup", r"    Metadata:\n", acknowledged)
        api = edit(api, "FipeSomaIngestorLogGroup", r"RetentionInDays: 90", "RetentionInDays: 14")
    return api, data


def main(before, after):
    for stage in ("dev", "stg", "prd"):
        for side in (before, after):
            shutil.copytree(ENVIRONMENTS / stage / "templates", side / stage / "templates", dirs_exist_ok=True)
        folder = after / stage / "templates"
        api, data = folder / "FipeApi.yaml", folder / "FipeData.yaml"
        texts = change(stage, api.read_text(), data.read_text())
        api.write_text(texts[0])
        data.write_text(texts[1])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))
