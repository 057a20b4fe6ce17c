"""Runs ministack on a port of the system's choice and ends with whoever started it.

Arguments: the folder that holds ministack's packages, or an empty string when the interpreter has them.
Standard input is never written to: its end means that the starter is gone, however that came about.
Standard output gets one line, the port; the rest goes to standard error.
"""

import asyncio
import os
import signal
import socket
import sys
import threading


def end_with_starter():
    os.read(0, 1)
    # The workers of Lambda functions are of this process group too. There is nothing to save.
    os.killpg(0, signal.SIGKILL)


os.setpgid(0, 0)
threading.Thread(target=end_with_starter, daemon=True).start()

if sys.argv[1]:
    sys.path.insert(0, sys.argv[1])

# Bound here and handed over, so that no other process can take the port in between.
listener = socket.socket()
listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
listener.bind(("127.0.0.1", 0))
port = listener.getsockname()[1]
os.environ["GATEWAY_PORT"] = str(port)

from hypercorn.asyncio import serve  # noqa: E402  ministack reads the port when it is imported
from hypercorn.config import Config  # noqa: E402
from ministack.app import app  # noqa: E402

config = Config()
config.bind = [f"fd://{listener.detach()}"]
config.keep_alive_timeout = 75
config.loglevel = "WARNING"

print(port, flush=True)
os.dup2(2, 1)
asyncio.run(serve(app, config))
