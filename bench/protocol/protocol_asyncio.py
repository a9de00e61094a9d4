# protocol_asyncio.py: the server of echo_asyncio.py, which is a protocol, to stand beside eddy's.
# Touches what that file touches.
import os
import runpy

runpy.run_path(os.path.join(os.path.dirname(__file__), "..", "echo", "echo_asyncio.py"))
