#!/usr/bin/env python3
"""A meter as a program of its own: reads an Eastron SDM630 over Modbus TCP, publishes over NATS. Python 3.8, no packages.

NATS_URL=nats://user:password@127.0.0.1:4222 SITE=demo FEED=mains MODBUS=127.0.0.1:15020 UNIT=10 ./meter.py
"""
import json
import os
import socket
import struct
import time
from urllib.parse import unquote, urlsplit

NATS = urlsplit(os.environ["NATS_URL"])
SUBJECT = f"edge.{os.environ.get('SITE', 'demo')}.feed.meter.{os.environ.get('FEED', 'mains')}"
MODBUS = os.environ["MODBUS"].rsplit(":", 1)
UNIT = int(os.environ.get("UNIT", "10"))


def receive(line, count):
    data = b""
    while len(data) < count:
        part = line.recv(count - len(data))
        if not part:
            raise ConnectionError("closed by the other side")
        data += part
    return data


def read_floats(meter, first, count):
    """Input registers as float32, high word first; the answer must be the one to this very request."""
    read_floats.transaction = (getattr(read_floats, "transaction", 0) + 1) % 65536
    number = read_floats.transaction
    meter.sendall(struct.pack(">HHHBBHH", number, 0, 6, UNIT, 4, first, 2 * count))
    answered, _, length = struct.unpack(">HHH", receive(meter, 6))
    body = receive(meter, length)
    if answered != number or body[:3] != bytes([UNIT, 4, 4 * count]) or len(body) != 3 + 4 * count:
        raise ConnectionError("not an answer to what was asked")
    return struct.unpack(f">{count}f", body[3:])


def connect_nats():
    nats = socket.create_connection((NATS.hostname, NATS.port or 4222), timeout=2)
    nats.recv(4096)  # INFO
    who = {"user": unquote(NATS.username or ""), "pass": unquote(NATS.password or "")}
    nats.sendall(f"CONNECT {json.dumps({'verbose': False, 'name': 'meter.py', **who})}\r\nPING\r\n".encode())
    return nats


def publish(nats, sample):
    payload = json.dumps(sample).encode()
    nats.sendall(f"PUB {SUBJECT} {len(payload)}\r\n".encode() + payload + b"\r\n")
    nats.settimeout(0.001)
    try:
        heard = nats.recv(4096)
        if heard == b"" or b"-ERR" in heard:
            raise ConnectionError(heard.decode(errors="replace") or "closed by the server")
        if b"PING" in heard:  # who does not answer is cut off
            nats.sendall(b"PONG\r\n")
    except socket.timeout:
        pass
    finally:
        nats.settimeout(2)


def run():
    publisher = f"meter.py-{os.getpid()}"
    sequence = 0
    while True:
        try:
            with socket.create_connection((MODBUS[0], int(MODBUS[1])), timeout=1) as meter, connect_nats() as nats:
                while True:
                    asked = time.monotonic()
                    amps1, amps2, amps3, watts1, watts2, watts3 = read_floats(meter, 0x06, 6)
                    signed = [abs(a) if w >= 0 else -abs(a) for a, w in ((amps1, watts1), (amps2, watts2), (amps3, watts3))]
                    sequence += 1
                    publish(nats, {
                        "role": "mains",
                        "from": publisher,
                        "sequence": sequence,
                        "ageMs": 1000 * (time.monotonic() - asked),
                        "currentA": dict(zip(("l1", "l2", "l3"), signed)),
                        "powerW": {"l1": watts1, "l2": watts2, "l3": watts3},
                    })
                    time.sleep(max(0, asked + 1 - time.monotonic()))
        except (OSError, struct.error) as error:
            # Nothing is published while the meter is away: silence is what the site understands.
            print(f"{error}; trying again", flush=True)
            time.sleep(0.5)


run()
