"""slack_sdk, unchanged, against the playground: its client, its error, its retries, its verifier, its block models."""

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    InputBlock,
    MarkdownTextObject,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.metadata import Metadata
from slack_sdk.models.views import View
from slack_sdk.signature import SignatureVerifier
from slack_sdk.webhook import WebhookClient

ACCESS, RANDOM, ALICE, BOB, CAROL, BOT = "C0001", "C0002", "U0001", "U0002", "U0003", "U0BOT"


def card():
    """A message with a bit of everything, from the SDK's own models."""
    return [
        HeaderBlock(text="A request"),
        SectionBlock(text=MarkdownTextObject(text="*alice* asks"), fields=["for 1h", "on orders-db"]),
        DividerBlock(),
        ContextBlock(elements=[MarkdownTextObject(text="A-7K3F9Q")]),
        ActionsBlock(
            block_id="decide",
            elements=[
                ButtonElement(text="Approve", action_id="approve", value="A-7K3F9Q", style="primary"),
                StaticSelectElement(
                    action_id="less", options=[Option(text="30 minutes", value="30m"), Option(text="1 hour", value="1h")]
                ),
            ],
        ),
    ]


def form(title="Request"):
    """A modal from the SDK's own models."""
    why = PlainTextInputElement(action_id="why", multiline=True, min_length=5)
    return View(
        type="modal",
        callback_id="request",
        title=PlainTextObject(text=title),
        submit=PlainTextObject(text="Ask"),
        private_metadata="C0001",
        blocks=[InputBlock(block_id="why", label="Why", element=why)],
    )


def failure(call, **arguments):
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return caught.value.response


def test_who_am_i(client):
    answer = client.auth_test()
    assert (answer["user_id"], answer["bot_id"], answer["team"]) == (BOT, "B0BOT", "Acme")
    assert "chat:write" in answer.headers["x-oauth-scopes"]
    assert client.api_test(foo="bar")["args"] == {"foo": "bar"}
    assert client.team_info()["team"]["domain"] == "acme"


def test_tokens(playground):
    wrong = WebClient(token="xoxb-wrong", base_url=playground.api)
    assert failure(wrong.auth_test)["error"] == "invalid_auth"
    none = WebClient(base_url=playground.api)
    assert failure(none.auth_test)["error"] == "not_authed"


def test_messages(client, playground):
    metadata = Metadata(event_type="outbox", event_payload={"id": "42"})
    posted = client.chat_postMessage(channel=ACCESS, text="A request", blocks=card(), metadata=metadata)
    assert posted["channel"] == ACCESS
    assert posted["message"]["blocks"][0]["text"]["text"] == "A request"
    ts = posted["ts"]
    reply = client.chat_postMessage(channel=ACCESS, text="soon", thread_ts=ts)
    assert reply["message"]["thread_ts"] == ts
    edited = client.chat_update(channel=ACCESS, ts=ts, text="Decided", blocks=[SectionBlock(text="Decided")])
    assert edited["message"]["edited"]["user"] == BOT
    client.chat_postEphemeral(channel=ACCESS, user=ALICE, text="only you")
    assert client.chat_getPermalink(channel=ACCESS, message_ts=ts)["permalink"].endswith(ts.replace(".", ""))
    history = client.conversations_history(channel=ACCESS, include_all_metadata=True)
    assert [m["text"] for m in history["messages"]] == ["Decided"]
    assert history["messages"][0]["metadata"] == {"event_type": "outbox", "event_payload": {"id": "42"}}
    assert history["messages"][0]["reply_count"] == 1
    replies = client.conversations_replies(channel=ACCESS, ts=ts)
    assert [m["text"] for m in replies["messages"]] == ["Decided", "soon"]
    client.chat_delete(channel=ACCESS, ts=reply["ts"])
    assert [m["text"] for m in playground.transcript(ACCESS)] == ["Decided"]
    ephemerals = playground.get(f"control/ephemerals?as={ALICE}&channel={ACCESS}")["messages"]
    assert [m["text"] for m in ephemerals] == ["only you"]


def test_direct_messages(client, playground):
    channel = client.conversations_open(users=[ALICE])["channel"]["id"]
    client.chat_postMessage(channel=channel, text="by conversation")
    client.chat_postMessage(channel=ALICE, text="by person")
    assert [m["text"] for m in playground.transcript(channel)] == ["by conversation", "by person"]
    assert client.conversations_open(users=ALICE, return_im=True)["channel"]["user"] == ALICE


def test_pagination(client):
    for i in range(7):
        client.chat_postMessage(channel=ACCESS, text=str(i))
    pages = [page["messages"] for page in client.conversations_history(channel=ACCESS, limit=3)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [m["text"] for page in pages for m in page] == ["6", "5", "4", "3", "2", "1", "0"]
    members = [m["id"] for page in client.users_list(limit=1) for m in page["members"]]
    assert members == [ALICE, BOB, CAROL, BOT]
    channels = [c["id"] for page in client.conversations_list(limit=1) for c in page["channels"]]
    assert channels == [ACCESS, RANDOM]
    assert [m for page in client.conversations_members(channel=ACCESS, limit=2) for m in page["members"]] == [ALICE, BOB, BOT]
    parent = client.conversations_history(channel=ACCESS, limit=1)["messages"][0]["ts"]
    for i in range(3):
        client.chat_postMessage(channel=ACCESS, text=f"r{i}", thread_ts=parent)
    pages = [page["messages"] for page in client.conversations_replies(channel=ACCESS, ts=parent, limit=2)]
    assert [[m["text"] for m in page] for page in pages] == [["6", "r0", "r1"], ["6", "r2"]]


def test_people_and_conversations(client):
    assert client.users_info(user=CAROL)["user"]["deleted"] is True
    assert client.users_lookupByEmail(email="alice@acme.test")["user"]["id"] == ALICE
    assert failure(client.users_lookupByEmail, email="nobody@acme.test")["error"] == "users_not_found"
    assert client.conversations_info(channel=RANDOM)["channel"]["is_member"] is False
    assert [c["id"] for c in client.users_conversations(types=["public_channel"])["channels"]] == [ACCESS]
    client.conversations_join(channel=RANDOM)
    assert client.conversations_info(channel=RANDOM)["channel"]["is_member"] is True


def test_errors_are_slack_api_errors(client):
    assert failure(client.chat_postMessage, channel="C9", text="x")["error"] == "channel_not_found"
    assert failure(client.chat_postMessage, channel=RANDOM, text="x")["error"] == "not_in_channel"
    assert failure(client.chat_update, channel=ACCESS, ts="1.000001", text="x")["error"] == "message_not_found"
    assert failure(client.api_call, api_method="chat.shout")["error"] == "unknown_method"
    missing = failure(client.reactions_add, channel=ACCESS, name="eyes", timestamp="1.000001")
    assert (missing["error"], missing["needed"]) == ("missing_scope", "reactions:write")
    blocks = [{"type": "header", "text": {"type": "mrkdwn", "text": "*no*"}}]
    refused = failure(client.chat_postMessage, channel=ACCESS, text="x", blocks=blocks)
    assert refused["error"] == "invalid_blocks"
    reason = "[ERROR] must be plain_text [json-pointer:/blocks/0/text/type]"
    assert refused["response_metadata"]["messages"] == [reason]


def test_rate_limits_are_waited_for(client, playground):
    limited = {"method": "chat.postMessage", "fault": "rate_limited", "retry_after": 1, "times": 1}
    for body in (True, False):
        playground.post("control/misbehave", **limited, body=body)
        answer = failure(client.chat_postMessage, channel=ACCESS, text="too fast")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    playground.post("control/misbehave", **limited, body=True)
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    client.chat_postMessage(channel=ACCESS, text="in time")
    assert [call["status"] for call in playground.calls()] == [429, 429, 429, 200]
    assert [m["text"] for m in playground.transcript(ACCESS)] == ["in time"]


def test_dropped_connections(client, playground):
    client.retry_handlers = []
    for applied in (False, True):
        fault = {"method": "chat.postMessage", "fault": "drop_connection", "applied": applied, "times": 1}
        playground.post("control/misbehave", **fault)
        with pytest.raises(Exception) as caught:
            client.chat_postMessage(channel=ACCESS, text=f"applied: {applied}")
        assert not isinstance(caught.value, SlackApiError)
    assert [m["text"] for m in playground.transcript(ACCESS)] == ["applied: True"]


def test_commands_are_signed(playground, bot):
    bot.will_answer({"response_type": "ephemeral", "text": "Hello", "blocks": [b.to_dict() for b in card()]})
    answer = playground.post("control/command", **{"as": ALICE, "channel": "#access", "text": "request x for @bob"})
    assert answer["text"] == "Hello"
    request = bot.wait_for(1)
    verifier = SignatureVerifier(playground.signing_secret)
    assert verifier.is_valid_request(request.body, request.headers)
    assert not verifier.is_valid_request(request.body + "x", request.headers)
    assert not SignatureVerifier("another").is_valid_request(request.body, request.headers)
    command = request.form()
    assert (request.path, command["command"]) == ("/slack/commands", "/jit")
    assert command["text"] == "request x for <@U0002|bob>"
    webhook = WebhookClient(command["response_url"])
    assert webhook.send(text="later", response_type="in_channel").status_code == 200
    assert [m["text"] for m in playground.transcript(ACCESS)] == ["later"]


def test_a_click_and_its_answer(client, playground, bot):
    ts = client.chat_postMessage(channel=ACCESS, text="A request", blocks=card())["ts"]
    playground.post("control/click", **{"as": BOB, "channel": ACCESS, "ts": ts, "action": "Approve"})
    request = bot.wait_for(1)
    assert SignatureVerifier(playground.signing_secret).is_valid_request(request.body, request.headers)
    payload = request.payload()
    assert (payload["type"], payload["user"]["id"]) == ("block_actions", BOB)
    assert payload["actions"][0]["value"] == "A-7K3F9Q"
    webhook = WebhookClient(payload["response_url"])
    answer = webhook.send(text="Approved by bob", replace_original=True)
    assert (answer.status_code, answer.body) == (200, '{"ok":true}')
    assert [m["text"] for m in playground.transcript(ACCESS)] == ["Approved by bob"]
    for _ in range(4):
        assert webhook.send(text="more").status_code == 200
    assert webhook.send(text="a sixth time").status_code == 404


def test_a_modal_from_trigger_to_submission(client, playground, bot):
    playground.post("control/command", **{"as": ALICE, "channel": ACCESS, "text": "request"})
    trigger = bot.wait_for(1).form()["trigger_id"]
    view = client.views_open(trigger_id=trigger, view=form())["view"]
    assert failure(client.views_open, trigger_id=trigger, view=form())["error"] == "exchanged_trigger_id"
    updated = client.views_update(view_id=view["id"], hash=view["hash"], view=form("Second"))["view"]
    stale = failure(client.views_update, view_id=view["id"], hash=view["hash"], view=form("Third"))
    assert stale["error"] == "hash_conflict"
    assert playground.get(f"control/view?as={ALICE}")["view"]["title"]["text"] == "Second"
    submit = {"as": ALICE, "view_id": view["id"]}
    assert playground.post("control/submit", **submit, values={"why": "no"})["result"] == "errors"
    bot.will_answer({"response_action": "errors", "errors": {"why": "Say more"}})
    answer = playground.post("control/submit", **submit, values={"why": "because"})
    assert answer == {"result": "errors", "errors": {"why": "Say more"}}
    assert playground.post("control/submit", **submit, values={"why": "because of incident 42"})["result"] == "closed"
    payload = bot.wait_for(3).payload()
    assert payload["type"] == "view_submission"
    parsed = View(**payload["view"])
    assert parsed.state.values["why"]["why"].value == "because of incident 42"
    assert (parsed.private_metadata, parsed.id) == ("C0001", updated["id"])


def test_the_home_tab(client, playground, bot):
    playground.post("ui/home_opened", **{"as": ALICE})
    event = bot.wait_for(1).payload()
    assert (event["event"]["type"], event["api_app_id"]) == ("app_home_opened", "A0BOT")
    published = client.views_publish(user_id=ALICE, view=View(type="home", blocks=card()))
    assert published["view"]["type"] == "home"
    divider = {"type": "divider"}
    for wrong in (
        {"type": "home", "blocks": [divider] * 101},
        {"type": "home", "blocks": [divider], "title": {"type": "plain_text", "text": "Home"}},
        {"type": "modal", "blocks": [divider], "title": {"type": "plain_text", "text": "Home"}},
    ):
        with pytest.raises(SlackApiError) as refused:
            client.views_publish(user_id=ALICE, view=wrong)
        assert refused.value.response["error"] == "invalid_arguments"
    client.views_publish(user_id=ALICE, view={"type": "home", "blocks": [divider] * 100})


def test_events_are_signed(playground, bot):
    playground.post("ui/message", **{"as": ALICE, "channel": "D0001", "text": "hello <everyone>"})
    request = bot.wait_for(1)
    assert SignatureVerifier(playground.signing_secret).is_valid_request(request.body, request.headers)
    event = request.payload()["event"]
    assert (event["type"], event["channel_type"], event["text"]) == ("message", "im", "hello &lt;everyone&gt;")


def test_the_sdk_takes_what_comes_back(client):
    """Blocks that went through the playground parse and validate as the SDK's own models."""
    client.chat_postMessage(channel=ACCESS, text="A request", blocks=card())
    blocks = client.conversations_history(channel=ACCESS)["messages"][0]["blocks"]
    parsed = SectionBlock.parse_all(blocks)
    assert [b.to_dict()["type"] for b in parsed] == ["header", "section", "divider", "context", "actions"]
