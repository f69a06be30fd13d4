"""Socket Mode: slack_sdk's own client, unchanged, against the playground."""

import threading
import time

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse

APP_TOKEN = "xapp-1-A0001-sample"


@pytest.fixture
def sockets(playground):
    """Socket Mode, for as long as the test runs."""
    playground.post("control/socket_mode", app_token=APP_TOKEN)
    yield playground
    playground.post("control/disconnect", reason="link_disabled")


def connected(playground, answer):
    """A client that answers each envelope with what `answer` makes of it; and all that it got."""
    got = []
    client = SocketModeClient(
        app_token=APP_TOKEN, web_client=WebClient(token=playground.token, base_url=playground.api)
    )

    def listen(client, request):
        got.append(request)
        client.send_socket_mode_response(
            SocketModeResponse(envelope_id=request.envelope_id, payload=answer(request))
        )

    client.socket_mode_request_listeners.append(listen)
    client.connect()
    return client, got


def eventually(look):
    end = time.monotonic() + 10
    while not look():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.05)


def test_commands_come_over_the_socket_and_their_answer_goes_back(sockets):
    client, got = connected(sockets, lambda request: {"text": f"you said {request.payload['text']}"})
    try:
        answer = sockets.post("control/command", **{"as": "U0001", "channel": "#access", "text": "/jit help me"})
        assert "you said help me" in str(answer)
        assert [request.type for request in got] == ["slash_commands"]
        assert got[0].payload["command"] == "/jit" and got[0].accepts_response_payload
    finally:
        client.close()


def test_a_refresh_brings_a_new_connection(sockets):
    client, got = connected(sockets, lambda _: {"text": "here"})
    try:
        first = client.session_id()
        sockets.post("control/disconnect", reason="refresh_requested")
        eventually(lambda: client.is_connected() and client.session_id() != first)
        answers = []
        thread = threading.Thread(
            target=lambda: answers.append(sockets.post("control/command", **{"as": "U0001", "channel": "#access", "text": "again"}))
        )
        thread.start()
        thread.join(10)
        assert "here" in str(answers) and len(got) == 1
    finally:
        client.close()


def test_only_the_app_s_own_token_opens_a_socket(sockets):
    for token, error in [
        (sockets.token, "not_allowed_token_type"),
        ("xapp-1-other", "invalid_auth"),
    ]:
        with pytest.raises(SlackApiError) as refused:
            WebClient(base_url=sockets.api).apps_connections_open(app_token=token)
        assert refused.value.response["error"] == error
    address = WebClient(base_url=sockets.api).apps_connections_open(app_token=APP_TOKEN)["url"]
    assert address.startswith("ws://") and "ticket=" in address
