"""Runs scripts for tests in forks of one process that has imported TensorFlow, so that the import is paid once.

server.py listens on reference.sock beside its interpreter's bin folder until its standard input ends. A client sends
two descriptors, for the script's standard output and error, with one JSON object: {"args": [script, …], "env": {…},
"dir": …}. The answer is a line: the exit status, or "declined" where the environment differs in a variable that
TensorFlow reads while it is imported. A script ends early when the client closes the connection. The server prints
"ready" once it listens, or "running" and ends where another one does.
"""

import json
import os
import runpy
import signal
import socket
import sys
import threading
import traceback


def imported(env):
    """The variables that TensorFlow reads while it is imported."""
    return {k: v for k, v in env.items() if k.startswith(("TF_", "OMP_", "CUDA_", "LD_")) and k != "TF_CPP_MIN_LOG_LEVEL"}


def run(script, args):
    sys.path[0], sys.argv = os.path.dirname(script), [script, *args]
    try:
        runpy.run_path(script, run_name="__main__")
        return 0
    except SystemExit as e:
        if e.code is None or isinstance(e.code, int):
            return e.code or 0
        print(e.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    return 1


def watch(connection):
    connection.recv(1)
    os._exit(1)


def serve(connection):
    """Handles one request, in a fork, and never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, fds, _, _ = socket.recv_fds(connection, 1 << 20, 2)
    job = json.loads(message)
    if imported(job["env"]) != imported(os.environ):
        connection.sendall(b"declined\n")
        os._exit(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(fds[0], 1)
    os.dup2(fds[1], 2)
    os.environ.clear()
    os.environ.update(job["env"])
    os.chdir(job["dir"])
    threading.Thread(target=watch, args=[connection], daemon=True).start()
    code = run(job["args"][0], job["args"][1:])
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(b"%d\n" % code)
    os._exit(0)


def main():
    os.chdir(sys.prefix)  # the address of a socket is short: relative
    name = "reference.sock"
    listener = socket.socket(socket.AF_UNIX)
    try:
        socket.socket(socket.AF_UNIX).connect(name)
        print("running", flush=True)
        return
    except OSError:
        pass
    if os.path.exists(name):
        os.unlink(name)
    os.umask(0o077)
    listener.bind(name)
    import tensorflow  # noqa: F401, for every fork

    listener.listen(16)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    def stop():
        sys.stdin.read()
        os.unlink(name)
        os._exit(0)

    threading.Thread(target=stop, daemon=True).start()
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            serve(connection)
        connection.close()


main()
