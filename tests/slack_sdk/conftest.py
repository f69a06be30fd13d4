"""The playground that `run` started, a WebClient for it, and a small bot that the playground calls."""

import json
import os
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from slack_sdk import WebClient


def said():
    """What the playground printed at its start."""
    with open(os.environ["PLAYGROUND_SAID"], encoding="utf-8") as lines:
        return dict(line.strip().split("=", 1) for line in lines)


class Playground:
    """The test's hands: the JSON twin of the playground's handle."""

    def __init__(self, values):
        self.address = values["address"]
        self.api = values["api"]
        self.token = values["token"]
        self.signing_secret = values["signing_secret"]

    def get(self, path):
        with urllib.request.urlopen(f"{self.address}/playground/{path}") as answer:
            return json.load(answer)

    def post(self, path, **body):
        request = urllib.request.Request(
            f"{self.address}/playground/{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def transcript(self, conversation):
        return self.get(f"control/transcript?conversation={conversation}")["messages"]

    def calls(self):
        return self.get("control/calls")["calls"]


class Request:
    """What the bot was sent."""

    def __init__(self, path, headers, body):
        self.path = path
        self.headers = headers
        self.body = body

    def form(self):
        return {key: values[0] for key, values in parse_qs(self.body, keep_blank_values=True).items()}

    def payload(self):
        form = self.form()
        return json.loads(form["payload"]) if "payload" in form else json.loads(self.body)


class Bot:
    """Keeps what it is sent; answers with what `replies` holds, else an empty 200."""

    def __init__(self, port):
        self.requests = []
        self.replies = []
        self.arrived = threading.Condition()
        bot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                reply = bot.replies.pop(0) if bot.replies else b""
                with bot.arrived:
                    bot.requests.append(Request(self.path, dict(self.headers.items()), body))
                    bot.arrived.notify_all()
                self.send_response(200)
                if reply:
                    self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait_for(self, count):
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.requests) >= count, timeout=10)
            return self.requests[count - 1]

    def will_answer(self, body):
        self.replies.append(json.dumps(body).encode())


@pytest.fixture(scope="session")
def the_playground():
    return Playground(said())


@pytest.fixture(scope="session")
def the_bot():
    bot = Bot(int(os.environ["PLAYGROUND_BOT_PORT"]))
    yield bot
    bot.server.shutdown()


@pytest.fixture
def playground(the_playground):
    the_playground.post("control/reset")
    return the_playground


@pytest.fixture
def bot(the_bot, playground):
    the_bot.requests.clear()
    the_bot.replies.clear()
    return the_bot


@pytest.fixture
def client(playground):
    return WebClient(token=playground.token, base_url=playground.api)
