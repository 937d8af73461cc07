"""Runs a client for the test: takes commands as JSON lines on stdin, reports events as JSON lines on stdout."""

import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from chat import dev_token  # noqa: E402
from sluice import Client  # noqa: E402


def report(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def subscribe(client, channel, **start):
    def on_message(message):
        report("message", channel=channel, offset=message["offset"], data=message["data"], **({"sub": start["sub"]} if "sub" in start else {}))

    def on_gap(gap):
        report("gap", channel=channel, reason=gap["reason"], to=gap["to"]["offset"])

    return client.subscribe(channel, on_message, on_gap, **start)


async def publish(client, command):
    result = await client.publish(**command)
    report("published", key=command.get("key"), offset=result["offset"])


async def main(url, token_base, expires):
    tokens = 0

    async def token():
        nonlocal tokens
        tokens += 1
        report("token", count=tokens)
        if token_base == "-":
            return "a token"
        return await asyncio.to_thread(dev_token, token_base, "ada", expires=expires)

    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with Client(url, token, on_error=lambda error: report("error", text=f"{type(error).__name__} {error}")) as client:
        subscriptions = {}
        publishes = set()
        while line := await reader.readline():
            command = json.loads(line)
            do = command.pop("do")
            if do == "subscribe":
                subscriptions[command["channel"], command.get("sub")] = subscribe(client, **command)
            elif do == "publish":
                publishes.add(asyncio.create_task(publish(client, command)))
            elif do == "state":
                one = subscriptions[command["channel"], command.get("sub")]
                report("state", state=one.state, position=one.position, refreshed=client.refreshed)


asyncio.run(main(*sys.argv[1:]))
