"""Frames come out as they went in, however the bytes were cut; what is not taken yet is sent later."""

from __future__ import annotations

import asyncio
import os
import socket

from hypothesis import given
from hypothesis import strategies as st

from stackyard.languages.pipes import Lines
from stackyard.languages.python import channels
from stackyard.languages.python.guest import frames
from stackyard.testing.monitors import EchoMonitor

Frame = tuple[int, int, bytes]
FRAMES = st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 255), st.binary(max_size=40)), max_size=6)


@given(FRAMES, st.lists(st.integers(1, 30), min_size=1))
def test_however_the_bytes_are_cut(sent: list[Frame], cuts: list[int]) -> None:
    data = b"".join(frames.pack(kind, payload, number) for number, kind, payload in sent)
    buffer, found, at = bytearray(), [], 0
    while at < len(data):
        size = cuts[at % len(cuts)]
        buffer += data[at : at + size]
        found += channels.take(buffer)
        at += size
    assert found == sent
    assert not buffer


async def heard(connection: socket.socket) -> tuple[channels.Channel, list[Frame], asyncio.Event]:
    found: list[Frame] = []
    gone = asyncio.Event()
    channel = channels.Channel(connection, lambda *frame: found.append(frame), gone.set)
    return channel, found, gone


async def test_what_the_socket_does_not_take_at_once_arrives_in_order() -> None:
    left, right = socket.socketpair()
    sender, _, _ = await heard(left)
    found: list[Frame] = []
    last = asyncio.Event()

    def hear(number: int, kind: int, payload: bytes) -> None:
        found.append((number, kind, payload))
        if number == 8:
            last.set()

    receiver = channels.Channel(right, hear, last.set)
    sent = [(number, 7, bytes([number]) * 300_000) for number in range(1, 9)]
    for number, kind, payload in sent:
        sender.send(kind, payload, number)
    async with asyncio.timeout(10):
        await last.wait()
    sender.close()
    receiver.drain()
    assert found == sent
    assert not receiver.open


async def test_descriptors_travel_with_their_frame() -> None:
    left, right = socket.socketpair()
    sender, _, _ = await heard(left)
    read, write = os.pipe()
    sender.send(1, descriptors=[write])
    os.close(write)
    with right:
        data, received, _, _ = socket.recv_fds(right, 1024, 3)
    sender.close()
    assert data == frames.pack(1)
    os.write(received[0], b"x")
    assert os.read(read, 10) == b"x"
    for descriptor in (read, *received):
        os.close(descriptor)


async def test_what_arrived_before_the_end_is_heard() -> None:
    left, right = socket.socketpair()
    channel, found, gone = await heard(right)
    with left:
        left.sendall(frames.pack(3, b"last words"))
    channel.drain()
    assert found == [(0, 3, b"last words")]
    assert gone.is_set()
    channel.send(4, b"nobody hears this")
    channel.close()


@given(st.binary(max_size=60), st.lists(st.integers(1, 10), min_size=1))
def test_lines_are_the_same_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    monitor = EchoMonitor()
    lines, at = Lines(monitor, "stdout"), 0
    while at < len(data):
        size = cuts[at % len(cuts)]
        lines.feed(data[at : at + size])
        at += size
    lines.end()
    expected = data.split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert monitor.lines("stdout") == [line.decode(errors="replace").removesuffix("\r") for line in expected]
