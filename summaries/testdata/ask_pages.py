"""Prints as JSON what TensorBoard's server answers for a folder of event files.

The first argument is the folder, the others are what its pages ask for, as in
/data/plugin/text/text?run=.&tag=config. What follows such a path after a blank is
JSON that is posted there. An answer is JSON, or text, or base64 of anything else.
"""

import base64
import json
import sys

# Without TensorFlow, TensorBoard reads files with code of its own and starts
# in a fraction of the time.
sys.modules["tensorflow"] = None

from tensorboard import default, program
from tensorboard.backend import application
from werkzeug.test import Client


def answer(client, request):
    path, _, body = request.partition(" ")
    got = client.post(path, data=body) if body else client.get(path)
    if got.status_code != 200:
        sys.exit(f"{request}: {got.status}: {got.get_data(as_text=True)}")
    if got.mimetype == "application/json":
        return json.loads(got.get_data())
    if got.mimetype.startswith("text/"):
        return got.get_data(as_text=True)
    return base64.b64encode(got.get_data()).decode("ascii")


server = program.TensorBoard(default.get_plugins())
server.configure(logdir=sys.argv[1], load_fast="false", reload_interval=0)
ingester = server._make_data_ingester()
ingester.start()
app = application.TensorBoardWSGIApp(
    server.flags, server.plugin_loaders, ingester.data_provider, server.assets_zip_provider, ingester.deprecated_multiplexer
)
client = Client(app)
print(json.dumps([answer(client, request) for request in sys.argv[2:]]))
