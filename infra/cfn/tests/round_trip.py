"""Reads each FOLDER/N.yaml with the loaders of cfn-lint and MiniStack, and N.json with a plain one; they have to be equal."""

import json
import pathlib
import sys

from cfnlint.decode import cfn_yaml
from ministack.services.cloudformation import engine


def same(left, right):
    """Equal in value and in type: True is no 1, and 1.0 is 1 in neither format."""
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    kinds = (str, bool, int, float)
    kind = next((kind for kind in kinds if isinstance(right, kind)), type(right))
    return isinstance(left, kind) and isinstance(left, bool) == isinstance(right, bool) and left == right


def difference(left, right, path="$"):
    if isinstance(left, dict) and isinstance(right, dict) and list(left) == list(right):
        for key in left:
            if not same(left[key], right[key]):
                return difference(left[key], right[key], f"{path}.{key}")
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, (one, other) in enumerate(zip(left, right)):
            if not same(one, other):
                return difference(one, other, f"{path}[{index}]")
    return f"{path}: {left!r} instead of {right!r}"


def main():
    folder = pathlib.Path(sys.argv[1])
    count = 0
    for path in sorted(folder.glob("*.yaml")):
        text = path.read_bytes().decode()
        wanted = json.loads(path.with_suffix(".json").read_bytes().decode())
        loaders = {"cfn-lint": lambda: cfn_yaml.loads(text, str(path)), "MiniStack": lambda: engine._parse_template(text)}
        for name, load in loaders.items():
            try:
                found = load()
            except Exception as error:
                sys.exit(f"{path.name}: {name} cannot read it: {error}")
            if not same(found, wanted):
                sys.exit(f"{path.name}: {name} reads {difference(found, wanted)}")
        count += 1
    print(count)


main()
