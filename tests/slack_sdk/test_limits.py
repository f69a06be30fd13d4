"""The playground's limits are the SDK's: at each limit both accept, one beyond both refuse."""

import pytest
from slack_sdk.errors import SlackApiError, SlackObjectFormationError
from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    ImageBlock,
    MarkdownBlock,
    Option,
    OptionGroup,
    OverflowMenuElement,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
)

ACCESS = "C0001"


def button(**changes):
    return ActionsBlock(elements=[ButtonElement(**{"text": "x", "action_id": "a", **changes})])


def confirm(**changes):
    texts = {"title": "t", "text": "x", "confirm": "y", "deny": "n", **changes}
    return button(confirm=ConfirmObject(**texts))


def select(**changes):
    return ActionsBlock(elements=[StaticSelectElement(action_id="a", **changes)])


def options(n):
    return [Option(text="x", value=str(i)) for i in range(n)]


# Name, the largest allowed, and a block of a given size.
LIMITS = [
    ("header text", 150, lambda n: HeaderBlock(text="x" * n)),
    ("section text", 3000, lambda n: SectionBlock(text="x" * n)),
    ("section fields", 10, lambda n: SectionBlock(fields=["x"] * n)),
    ("block id", 255, lambda n: SectionBlock(text="x", block_id="x" * n)),
    ("action id", 255, lambda n: button(action_id="x" * n)),
    ("button text", 75, lambda n: button(text=PlainTextObject(text="x" * n))),
    ("button value", 2000, lambda n: button(value="x" * n)),
    ("button url", 3000, lambda n: button(url="x" * n)),
    ("button label", 75, lambda n: button(accessibility_label="x" * n)),
    ("confirm title", 100, lambda n: confirm(title="x" * n)),
    ("confirm text", 300, lambda n: confirm(text="x" * n)),
    ("confirm button", 30, lambda n: confirm(confirm="x" * n)),
    ("deny button", 30, lambda n: confirm(deny="x" * n)),
    ("actions", 25, lambda n: ActionsBlock(elements=[ButtonElement(text="x", action_id=str(i)) for i in range(n)])),
    ("context elements", 10, lambda n: ContextBlock(elements=[PlainTextObject(text="x")] * n)),
    ("select options", 100, lambda n: select(options=options(n))),
    ("option groups", 100, lambda n: select(option_groups=[OptionGroup(label="g", options=options(1))] * n)),
    ("options of a group", 100, lambda n: select(option_groups=[OptionGroup(label="g", options=options(n))])),
    ("group label", 75, lambda n: select(option_groups=[OptionGroup(label="x" * n, options=options(1))])),
    ("option text", 75, lambda n: select(options=[Option(text="x" * n, value="v")])),
    ("option value", 150, lambda n: select(options=[Option(text="x", value="x" * n)])),
    ("placeholder", 150, lambda n: select(options=options(1), placeholder=PlainTextObject(text="x" * n))),
    ("overflow", 5, lambda n: ActionsBlock(elements=[OverflowMenuElement(action_id="a", options=options(n))])),
    ("image url", 3000, lambda n: ImageBlock(image_url="x" * n, alt_text="x")),
    ("image text", 2000, lambda n: ImageBlock(image_url="x", alt_text="x" * n)),
    ("image title", 2000, lambda n: ImageBlock(image_url="x", alt_text="x", title=PlainTextObject(text="x" * n))),
]


@pytest.mark.parametrize(("name", "most", "block"), LIMITS, ids=[name for name, _, _ in LIMITS])
def test_the_same_limit(client, name, most, block):
    at_limit = block(most).to_dict()
    client.chat_postMessage(channel=ACCESS, text=name, blocks=[at_limit])
    beyond = block(most + 1)
    with pytest.raises(SlackObjectFormationError):
        beyond.to_dict()
    # What was accepted, with the one thing too long or too many.
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=ACCESS, text=name, blocks=[grown(at_limit, most)])
    assert caught.value.response["error"] == "invalid_blocks"


def grown(value, most):
    """The same JSON with every text and list of exactly `most` made longer by one."""
    if isinstance(value, dict):
        return {key: grown(item, most) for key, item in value.items()}
    if isinstance(value, list):
        items = [grown(item, most) for item in value]
        if len(items) != most:
            return items
        more = dict(items[-1])
        if "action_id" in more:
            more["action_id"] += "+"
        return [*items, more]
    if isinstance(value, str) and len(value) == most:
        return value + value[-1]
    return value


def test_markdown_is_held_below_the_sdks_limit(client):
    """12,000 by the SDK; the limit for all blocks together, which only Slack's server has, is lower."""
    assert MarkdownBlock(text="x" * 12_000).to_dict()
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=ACCESS, text="x", blocks=[{"type": "markdown", "text": "x" * 12_000}])
    assert caught.value.response["error"] == "msg_blocks_too_long"
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=ACCESS, text="x", blocks=[{"type": "markdown", "text": "x" * 12_001}])
    assert caught.value.response["error"] == "invalid_blocks"
