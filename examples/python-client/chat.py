"""
Prints the messages of a channel and publishes what you type.

    sluice serve --dev
    python3 chat.py http://localhost:8080 ada chat:lobby
"""

import asyncio
import json
import sys
from urllib.parse import urlencode
from urllib.request import urlopen

from sluice import Client


def dev_token(base, user, **options):
    """Fetches a token from a gateway in development mode."""
    with urlopen(f"{base}/dev/token?{urlencode({'sub': user, **options})}", timeout=10) as response:
        return json.load(response)["token"]


async def main(base, user, channel):
    url = base.replace("http", "ws", 1) + "/ws"
    token = lambda: asyncio.to_thread(dev_token, base, user)  # noqa: E731
    async with Client(url, token, on_error=lambda error: print(f"! {error}", file=sys.stderr)) as client:
        client.subscribe(
            channel,
            lambda message: print(f"{message.get('from', '-')}: {json.dumps(message['data'])}"),
            on_gap=lambda gap: print(f"(messages are missing: {gap['reason']})"),
            rewind=10,
        )
        while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
            await client.publish(channel, {"text": line})


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: chat.py http://host:port USER CHANNEL")
    asyncio.run(main(*sys.argv[1:]))
