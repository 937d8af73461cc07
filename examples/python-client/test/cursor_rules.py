"""Runs protocol/vectors/cursor-rules.json, given as the first argument, against Subscription."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from subscription import ProtocolViolation, Subscription  # noqa: E402


def run(case):
    handed = []
    subscription = Subscription("chat:lobby", lambda message: handed.append(message["offset"]), lambda _: handed.append("gap"))
    subscription.started({**case["position"], "state": "live"})
    violated = False
    for push in case["pushes"]:
        if push["type"] == "messages":
            push = {**push, "messages": [{"offset": offset} for offset in push["offsets"]]}
        try:
            subscription.push(push)
        except ProtocolViolation:
            violated = True
            break
    return {"handed": handed, "then": subscription.position, "violation": violated}


with open(sys.argv[1]) as file:
    for case in json.load(file)["cases"]:
        expected = {"handed": case["handed"], "then": case["then"], "violation": case.get("violation", False)}
        actual = run(case)
        assert actual == expected, f"{case['name']}: {actual} instead of {expected}"
        print(f"ok {case['name']}")
