"""Runs ministack on a free port and stops when the process that started it is gone.

Argument: the folder with ministack's packages, or an empty string if the interpreter has them.
Standard input stays empty: its end means that the parent process has exited or was killed.
Standard output gets one line, the port; everything else goes to standard error.
"""

import asyncio
import os
import signal
import socket
import sys
import threading


def stop_with_parent():
    os.read(0, 1)
    # The workers of Lambda functions are in this process group too. There is nothing to save.
    os.killpg(0, signal.SIGKILL)


os.setpgid(0, 0)
threading.Thread(target=stop_with_parent, daemon=True).start()

if sys.argv[1]:
    sys.path.insert(0, sys.argv[1])

# Bound here and passed on, so that no other process can take the port meanwhile.
listener = socket.socket()
listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
listener.bind(("127.0.0.1", 0))
port = listener.getsockname()[1]
os.environ["GATEWAY_PORT"] = str(port)

from hypercorn.asyncio import serve  # noqa: E402  ministack reads the port on import
from hypercorn.config import Config  # noqa: E402
from ministack.app import app  # noqa: E402
from ministack.services import apigateway  # noqa: E402

# The strict AWS holds the REST APIs, and checks the stages of mappings itself.
apigateway._check_mapping_target = lambda api_id, stage: None

config = Config()
config.bind = [f"fd://{listener.detach()}"]
config.keep_alive_timeout = 75
config.loglevel = "WARNING"

print(port, flush=True)
os.dup2(2, 1)
asyncio.run(serve(app, config))
