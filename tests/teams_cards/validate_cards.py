"""Checks every sample of every card and dialog on Teams against the Adaptive Cards schema 1.5, with adaptive-cards-py's validator for Teams.

Reads JSON lines, as `samples --teams` prints them, from standard input: `{"name", "kind", "content", …}`. Says what is wrong with which;
exits 1 if anything is, or if there was nothing to check.
"""

import copy
import json
import sys
from pathlib import Path

import adaptive_cards.validation as validation
from adaptive_cards.card import AdaptiveCard
from jsonschema.validators import Draft6Validator

SCHEMA = json.loads((Path(validation.__file__).parent / "schemas" / "schema-1.5.json").read_text())
# What Teams takes for a message; a card must leave room for what is around it.
MESSAGE_BYTES = 28 * 1024


def standard(value):
    """The card without what Teams adds to the standard: clients that do not know these see their fallback, or nothing of them."""
    if isinstance(value, list):
        return [standard(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "CodeBlock":
        return standard(value["fallback"])
    value = {key: standard(item) for key, item in value.items() if key != "choices.data"}
    if value.get("style") == "filtered":
        value["style"] = "compact"
    return value


def problems(sample, validator):
    content = sample["content"]
    card = standard(copy.deepcopy(content))
    card.pop("msteams", None)
    for error in Draft6Validator(SCHEMA).iter_errors(card):
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
    # The schema knows what a refresh is; the library's model takes it for a text.
    card.pop("refresh", None)
    validator.validate(AdaptiveCard.model_validate(card), debug=False)
    for finding in validator.details():
        yield f"{finding.message} {finding.message_additional}"[:300]
    size = len(json.dumps(sample.get("activity", content), ensure_ascii=False, separators=(",", ":")).encode())
    if size > MESSAGE_BYTES:
        yield f"{size} bytes"
    if "activity" in sample and not 0 < len(sample["activity"]["summary"]) <= 1000:
        yield "no summary for notifications"


def main():
    validator = validation.CardValidatorFactory.create_validator_microsoft_teams()
    checked, wrong = 0, 0
    for line in sys.stdin:
        sample = json.loads(line)
        checked += 1
        for problem in problems(sample, validator):
            wrong += 1
            print(f"{sample['name']} ({sample['kind']}): {problem}")
    print(f"{checked} samples checked with adaptive-cards-py, {wrong} problems")
    return 0 if checked and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
