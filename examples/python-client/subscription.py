"""The rules of one subscription, SPEC.md 7.2. No input or output."""


class ProtocolViolation(Exception):
    """The gateway lost messages without a gap (7.2 rule 8)."""


class Subscription:
    """Position and state of one (channel, sub)."""

    def __init__(self, channel, on_message, on_gap=None, sub=None, start=None):
        self.channel = channel
        self.sub = sub
        self.position = None
        self.state = "subscribing"
        self.subscribed = False  # on the current connection
        self.error = None
        self._on_message = on_message
        self._on_gap = on_gap or (lambda gap: None)
        self._start = start or {}

    @property
    def command(self):
        """The `subscribe` command, which resumes if there is a position (rule 5)."""
        start = self._start if self.position is None else {"position": self.position}
        sub = {} if self.sub is None else {"sub": self.sub}
        return {"type": "subscribe", "channel": self.channel, **sub, **start}

    def started(self, result):
        """Handles the reply to `subscribe`."""
        self.position = {"epoch": result["epoch"], "offset": result["offset"]}
        self.state = result["state"]
        self.subscribed = True

    def push(self, push):
        """Handles a push about this subscription."""
        if not self.subscribed:
            return  # rule 1
        handler = getattr(self, "_" + push["type"], None)
        if handler:
            handler(push)

    def _messages(self, push):
        after = push.get("after")
        if after is not None:
            self._check(push["epoch"], after)  # rule 6
        for message in push["messages"]:
            same = push["epoch"] == self.position["epoch"]
            if same and message["offset"] <= self.position["offset"]:
                continue  # rule 2
            if not same or (after is None and message["offset"] != self.position["offset"] + 1):
                raise ProtocolViolation(f"{self.channel}: {message['offset']} after {self.position}")  # rule 3
            self._deliver(push["epoch"], message)

    def _progress(self, push):  # rule 7
        self._check(push["epoch"], push["after"])
        self.position = {"epoch": push["epoch"], "offset": max(push["offset"], self.position["offset"])}

    def _gap(self, push):  # rule 4
        to = push["to"]
        overtaken = to["epoch"] == self.position["epoch"] and to["offset"] <= self.position["offset"]
        if overtaken and push["reason"] != "epoch_changed":
            return
        self._on_gap(push)
        for message in push.get("latest", []):
            if to["epoch"] != self.position["epoch"] or message["offset"] > self.position["offset"]:
                self._on_message(message)
        self.position = to

    def _replaying(self, _):
        self.state = "replaying"

    def _live(self, _):
        self.state = "live"

    def _unsubscribed(self, push):
        self.state = "ended"
        self.subscribed = False
        self.error = push["reason"]

    def _check(self, epoch, after):
        if epoch != self.position["epoch"] or after > self.position["offset"]:
            raise ProtocolViolation(f"{self.channel}: a push continues from {after}, the position is {self.position}")

    def _deliver(self, epoch, message):
        self.position = {"epoch": epoch, "offset": message["offset"]}
        self._on_message(message)
