"""Policy documents as people write them: TOML (or JSON) in, TOML out. Pure, like ``shops.policy``."""

import json
import tomllib
from typing import Any

from shops.policy import PolicyError


def read(text: str) -> dict[str, Any]:
    """The document that a text means. Raises ``PolicyError`` with the place that cannot be read."""
    if text.lstrip().startswith("{"):
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            raise PolicyError(f"This is not JSON: {error}.") from None
    else:
        try:
            found = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise PolicyError(f"This is not TOML: {error}.") from None
    if not isinstance(found, dict):
        raise PolicyError("A policy is a table of sections.")
    return found


def write(document: dict[str, Any], path: str = "") -> str:
    """A document as TOML: numbers with thousands marks, sections in their order."""
    plain = [f"{key} = {_value(value)}" for key, value in document.items() if not isinstance(value, dict)]
    parts = ["\n".join(([f"[{path}]"] if path else []) + plain)] if plain or path else []
    for key, value in document.items():
        if isinstance(value, dict):
            parts.append(write(value, f"{path}.{key}" if path else key))
    return "\n\n".join(part for part in parts if part)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:_}" if value >= 1000 else str(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_value(one) for one in value)}]"
    return json.dumps(value, ensure_ascii=False)
