"""A WebSocket client (RFC 6455) for text messages, on asyncio streams."""

import asyncio
import base64
import hashlib
import os
import ssl
import struct
from urllib.parse import urlsplit

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
MAX_MESSAGE = 16 * 1024 * 1024


class Closed(Exception):
    """The connection is closed. The code is 1006 if no close frame arrived."""

    def __init__(self, code=1006, reason=""):
        super().__init__(f"{code} {reason}".strip())
        self.code = code
        self.reason = reason


class HandshakeFailed(Exception):
    """The server did not accept the WebSocket."""


class WebSocket:
    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, url, subprotocols=(), timeout=10):
        """Opens a WebSocket at a ws: or wss: URL."""
        return await asyncio.wait_for(cls._connect(url, subprotocols), timeout)

    @classmethod
    async def _connect(cls, url, subprotocols):
        parts = urlsplit(url)
        secure = parts.scheme == "wss"
        port = parts.port or (443 if secure else 80)
        context = ssl.create_default_context() if secure else None
        reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
        key = base64.b64encode(os.urandom(16)).decode()
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [
            f"GET {target} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        if subprotocols:
            lines.append(f"Sec-WebSocket-Protocol: {', '.join(subprotocols)}")
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
            if " 101 " not in head[0] + " " or headers.get("sec-websocket-accept") != accept:
                raise HandshakeFailed(head[0])
        except BaseException:
            writer.close()
            raise
        return cls(reader, writer)

    async def send(self, text):
        """Sends a text message."""
        await self._write(TEXT, text.encode())

    async def receive(self):
        """Returns the next text message. Answers pings. Raises Closed."""
        message = b""
        while True:
            final, opcode, payload = await self._read_frame()
            if opcode == PING:
                await self._write(PONG, payload)
            elif opcode == CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else 1005
                await self.close(code)
                raise Closed(code, payload[2:].decode("utf-8", "replace"))
            elif opcode != PONG:
                message += payload
                if len(message) > MAX_MESSAGE:
                    raise Closed(1009, "the message is too large")
                if final:
                    return message.decode()

    async def close(self, code=1000):
        """Sends a close frame, once, and closes the connection."""
        if self._writer.is_closing():
            return
        try:
            # 1005 and 1006 mean "no code" and must not be sent.
            await self._write(CLOSE, b"" if code in (1005, 1006) else struct.pack("!H", code))
        except Closed:
            pass
        self._writer.close()

    def abort(self):
        """Drops the connection without a close frame."""
        self._writer.transport.abort()

    async def _write(self, opcode, payload):
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
        elif size < 65536:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
        mask = os.urandom(4)
        pattern = (mask * (size // 4 + 1))[:size]
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")).to_bytes(size, "big")
        try:
            self._writer.write(head + mask + masked)
            await self._writer.drain()
        except (OSError, RuntimeError) as error:
            raise Closed(1006, str(error)) from None

    async def _read_frame(self):
        try:
            first, second = await self._reader.readexactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", await self._reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await self._reader.readexactly(8))
            if size > MAX_MESSAGE:
                raise Closed(1009, "the frame is too large")
            return bool(first & 0x80), first & 0x0F, await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, OSError) as error:
            raise Closed(1006, str(error)) from None
