"""A Sluice client in Python, written from protocol/SPEC.md. Numbers in comments are its sections."""

import asyncio
import inspect
import json
import random
import uuid

from subscription import ProtocolViolation, Subscription
from websocket import Closed, HandshakeFailed, WebSocket

SUBPROTOCOL = "sluice.v1.json"
BACKOFF_BASE, BACKOFF_CAP = 0.5, 20.0  # seconds, 8.3
STABLE = 5.0  # seconds after which a connection resets the backoff, 8.3
REPLY_TIMEOUT = 15.0
VIOLATION_PAUSE = 5.0  # extra backoff after a protocol violation by the gateway, 7.2 rule 8


class SluiceError(Exception):
    """An entry of the error catalogue (8.4)."""

    def __init__(self, body):
        super().__init__(f"{body['name']}: {body['message']}")
        self.code = body["code"]
        self.name = body["name"]
        self.retryable = body["retryable"]
        self.retry_after = body.get("retryAfter", 0) / 1000


class Client:
    """
    One connection to a gateway, which reconnects and resumes. Use it as `async with Client(url, token) as client`.

    :param token: returns a JWT, or a coroutine of one; called for each connection and each refresh
    """

    def __init__(self, url, token, on_error=None):
        self._url = url
        self._token = token
        self._on_error = on_error or (lambda error: None)
        self._subscriptions = {}
        self._pending = {}  # (subscription or None, outcome) by id
        self._order = {}  # a lock per channel
        self._socket = None
        self._next_id = 0
        self._failures = 0
        self._reconnect_after = None
        self._last_received = 0.0
        self._connected = asyncio.Event()
        self._ended = None
        self._tasks = set()
        self.refreshed = 0

    async def __aenter__(self):
        self._main = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_):
        self._main.cancel()
        for task in self._tasks:
            task.cancel()
        if self._socket:
            await self._socket.close()

    def subscribe(self, channel, on_message, on_gap=None, sub=None, **start):
        """
        Subscribes; `start` is one of rewind=n, since=ms, position={"epoch", "offset"} (4.3).
        `on_message` receives each message once and in order, `on_gap` the pushes `gap`.
        """
        subscription = Subscription(channel, on_message, on_gap, sub, start)
        self._subscriptions[channel, sub] = subscription
        if self._connected.is_set():
            self._spawn(self._begin(subscription))
        return subscription

    async def publish(self, channel, data, key=None, **options):
        """Publishes, and retries with the same key until the gateway has acknowledged or finally refused it (4.5)."""
        command = {"type": "publish", "channel": channel, "data": data, "key": key or uuid.uuid4().hex, **options}
        # One publish per channel at a time: a retry keeps the order without `series`.
        async with self._order.setdefault(channel, asyncio.Lock()):
            while True:
                await self._wait_connected()
                try:
                    return await self._call(command)
                except Closed:
                    continue
                except SluiceError as error:
                    if not error.retryable:
                        raise
                    await asyncio.sleep(max(error.retry_after, 0.1))

    async def history(self, channel, **page):
        """Reads a page of the log (4.6)."""
        await self._wait_connected()
        return await self._call({"type": "history", "channel": channel, **page})

    # Connection (1) ---------------------------------------------------------------------------------------------------

    async def _run(self):
        while True:
            pause = 0.0
            try:
                await self._connection()
            except Closed as closed:
                if 4200 <= closed.code < 4300:  # 8.2: final
                    self._end(closed)
                    return
                self._on_error(closed)
            except ProtocolViolation as violation:
                self._on_error(violation)
                pause = VIOLATION_PAUSE
            except Exception as error:  # the network, the handshake, the token function, a refused connect
                self._on_error(error)
            await asyncio.sleep(pause + self._delay())

    def _delay(self):
        if self._reconnect_after is not None:
            delay, self._reconnect_after = self._reconnect_after, None
            return delay
        ceiling = min(BACKOFF_CAP, BACKOFF_BASE * 2**self._failures)
        self._failures += 1
        return random.uniform(0, ceiling)  # 8.3: full jitter

    async def _connection(self):
        token = await self._fetch_token()
        self._socket = await WebSocket.connect(self._url, [SUBPROTOCOL])
        heartbeat = None
        try:
            wanted = [one for one in self._subscriptions.values() if one.state != "ended"]
            connect, connected = self._prepare({"type": "connect", "token": token, "client": "sluice-python-example"})
            subscribes = [self._prepare(one.command, one)[0] for one in wanted]
            await self._send([connect, *subscribes])  # one frame: 1.3
            self._spawn(self._greet(connected))
            heartbeat = asyncio.create_task(self._keep_alive(connected))
            while True:
                self._receive(json.loads(await self._socket.receive()))
        finally:
            if heartbeat:
                heartbeat.cancel()
            self._lose()

    async def _greet(self, outcome):
        try:
            await outcome
        except (SluiceError, Closed):
            return  # the gateway closes the connection with the same code
        self._connected.set()
        pending = [subscription for subscription, _ in self._pending.values()]
        for subscription in self._subscriptions.values():  # those that were added in the meantime
            if subscription.state == "subscribing" and subscription not in pending:
                self._spawn(self._begin(subscription))
        await asyncio.sleep(STABLE)
        if self._connected.is_set():
            self._failures = 0

    def _lose(self):
        self._connected.clear()
        self._socket.abort()
        pending, self._pending = self._pending, {}
        for _, outcome in pending.values():
            if not outcome.done():
                outcome.set_exception(Closed())
                outcome.exception()  # the caller may have stopped waiting
        for subscription in self._subscriptions.values():
            subscription.subscribed = False
            if subscription.state != "ended":
                subscription.state = "subscribing"

    def _end(self, closed):
        self._ended = closed
        self._connected.set()  # wakes those who wait
        self._on_error(closed)

    async def _wait_connected(self):
        await self._connected.wait()
        if self._ended:
            raise self._ended

    async def _keep_alive(self, connect):
        """1.4: a connection without traffic and without a reply to `ping` is lost."""
        try:
            seconds = (await asyncio.shield(connect))["heartbeat"] / 1000
            loop = asyncio.get_running_loop()
            while True:
                await asyncio.sleep(max(0.05, self._last_received + seconds - loop.time()))
                if loop.time() - self._last_received >= seconds:
                    await asyncio.wait_for(self._call({"type": "ping"}), REPLY_TIMEOUT)
        except (Closed, SluiceError):
            pass
        except asyncio.TimeoutError:
            self._socket.abort()

    async def _fetch_token(self):
        token = self._token()
        return await token if inspect.isawaitable(token) else token

    # Commands and replies (4) -----------------------------------------------------------------------------------------

    def _prepare(self, command, subscription=None):
        self._next_id += 1
        outcome = asyncio.get_running_loop().create_future()
        self._pending[self._next_id] = (subscription, outcome)
        return {"id": self._next_id, **command}, outcome

    async def _send(self, messages):
        await self._socket.send(json.dumps(messages[0] if len(messages) == 1 else messages, separators=(",", ":")))

    async def _call(self, command):
        prepared, outcome = self._prepare(command)
        await self._send([prepared])
        return await outcome

    async def _begin(self, subscription):
        prepared, _ = self._prepare(subscription.command, subscription)
        await self._send([prepared])

    def _receive(self, frame):
        self._last_received = asyncio.get_running_loop().time()
        for message in frame if isinstance(frame, list) else [frame]:
            if message["type"] in ("reply", "error"):
                self._answer(message)
            else:
                self._push(message)

    def _answer(self, message):
        subscription, outcome = self._pending.pop(message.get("id"), (None, None))
        if outcome is None:
            return  # an error that answers no command
        if message["type"] == "reply":
            if subscription:
                subscription.started(message["result"])  # at once: its pushes may follow in the same frame
            if not outcome.done():
                outcome.set_result(message["result"])
            return
        error = SluiceError(message["error"])
        if subscription:
            self._refused(subscription, error)
        if not outcome.done():
            outcome.set_exception(error)
            outcome.exception()  # reported to the caller, if there is one

    def _refused(self, subscription, error):
        self._on_error(error)
        if error.retryable:
            self._spawn(self._retry(subscription, max(error.retry_after, 0.1)))
        else:
            subscription.state = "ended"
            subscription.error = error.name

    async def _retry(self, subscription, seconds):
        await asyncio.sleep(seconds)
        if self._connected.is_set() and not subscription.subscribed:
            await self._begin(subscription)

    # Pushes (6) -------------------------------------------------------------------------------------------------------

    def _push(self, push):
        if push["type"] == "refresh":
            self._spawn(self._refresh())
        elif push["type"] == "drain":
            self._reconnect_after = push["reconnectAfter"] / 1000
        elif push["type"] in ("messages", "progress", "gap", "replaying", "live", "unsubscribed"):
            subscription = self._subscriptions.get((push["channel"], push.get("sub")))
            if subscription:
                subscription.push(push)
        # 2: a client ignores pushes of other types

    async def _refresh(self):
        try:
            await self._call({"type": "refresh", "token": await self._fetch_token()})
            self.refreshed += 1
        except (SluiceError, Closed) as error:
            self._on_error(error)

    def _spawn(self, coroutine):
        task = asyncio.create_task(self._guard(coroutine))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, coroutine):
        try:
            await coroutine
        except Closed:
            pass  # the reconnect takes care of it
