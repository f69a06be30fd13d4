"""Checks every sample of every card and dialog with Slack's own models, and for what those leave unchecked.

Reads JSON lines, as `cargo run -p jit-chat --example samples` prints them, from standard input: `{"name", "text", "blocks"}` or
`{"name", "view"}`. Says what is wrong with which; exits 1 if anything is, or if there was nothing to check.
"""

import json
import re
import sys

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

MESSAGE_BLOCKS, VIEW_BLOCKS, ALL_TEXT, VIEW_BYTES = 50, 100, 11_000, 250 * 1024


def inside(value):
    """Every object within."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from inside(item)


def lost(given, kept, path):
    """What the models did not understand: keys that do not come back."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            if key not in kept:
                if value not in (None, False):
                    yield f"{path}/{key} is unknown to slack_sdk"
            else:
                yield from lost(value, kept[key], f"{path}/{key}")
    elif isinstance(given, list) and isinstance(kept, list):
        if len(given) != len(kept):
            yield f"{path} has {len(given)} items, slack_sdk keeps {len(kept)}"
        for number, (one, other) in enumerate(zip(given, kept)):
            yield from lost(one, other, f"{path}/{number}")
    elif given != kept:
        yield f"{path} is {given!r}, slack_sdk makes {kept!r} of it"


def blocks(given, most):
    if len(given) > most:
        yield f"{len(given)} blocks"
    try:
        kept = [block.to_dict() for block in Block.parse_all(given)]
    except SlackObjectFormationError as error:
        yield str(error)
        return
    # Parts of rich text come back as they are or not at all, so these are compared by number only.
    plain = [block for block in given if block["type"] != "rich_text"]
    yield from lost(plain, [block for block in kept if block["type"] != "rich_text"], "blocks")
    rich = [block["type"] for block in kept].count("rich_text")
    if rich != len(given) - len(plain):
        yield f"slack_sdk keeps {rich} of {len(given) - len(plain)} rich text blocks"
    for key in ("action_id", "block_id"):
        ids = [thing[key] for thing in inside(given) if key in thing]
        for twice in sorted({one for one in ids if ids.count(one) > 1}):
            yield f"{key} {twice} twice"
    text = sum(len(thing["text"]) for thing in inside(given) if isinstance(thing.get("text"), str))
    if text > ALL_TEXT:
        yield f"{text} characters of text in all"
    for thing in inside(given):
        if thing.get("type") == "mrkdwn":
            yield from markup(thing["text"])
        if thing.get("type") == "text" and not thing["text"]:
            yield "an empty piece of rich text"


def markup(text):
    """The only tokens we send are times; nobody's words may become one."""
    for token in re.findall(r"<[^>]*>?", text):
        if not re.fullmatch(r"<!date\^\d+\^[^|<>]+\|[^<>]*>", token):
            yield f"the token {token}"


def message(sample):
    if not 0 < len(sample["text"]) <= 4000:
        yield f"the text has {len(sample['text'])} characters"
    yield from markup(sample["text"])
    yield from blocks(sample["blocks"], MESSAGE_BLOCKS)


def view(sample):
    given = sample["view"]
    try:
        kept = View(**given).to_dict()
        yield from lost({key: value for key, value in given.items() if key != "blocks"}, kept, "view")
    except (SlackObjectFormationError, TypeError) as error:
        yield str(error)
    yield from blocks(given["blocks"], VIEW_BLOCKS)
    if len(json.dumps(given)) > VIEW_BYTES:
        yield "more than 250 KB"
    if "submit" not in given and any(block["type"] == "input" for block in given["blocks"]):
        yield "inputs without submit"


def main():
    checked, wrong = 0, 0
    for line in sys.stdin:
        sample = json.loads(line)
        checked += 1
        for problem in view(sample) if "view" in sample else message(sample):
            wrong += 1
            print(f"{sample['name']}: {problem}")
    print(f"{checked} samples checked with slack_sdk, {wrong} problems")
    return 0 if checked and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
