"""Shows an object to a caller: nothing private, in the caller's version, with what `expand` asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core import differences
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import is_array, is_object
from payloom_emulator.protocol.params import table

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork

MAX_LEVELS = 4


Tree = dict[str, object]


def render(
    unit: UnitOfWork, value: object, version: str, paths: list[str] | None = None, *, public: bool = False
) -> object:
    """Return what the caller sees of `value` (an object or a list object).

    public: the caller has a publishable key and sees only the object's public fields.
    """
    tree: Tree = {}
    for path in paths or []:
        parts = path.split(".")
        if len(parts) > MAX_LEVELS:
            raise invalid(f"You cannot expand more than {MAX_LEVELS} levels of a property. Property: {path}", "expand")
        node = tree
        for part in parts:
            node = node.setdefault(part, {})
    return _Renderer(unit, version, public=public).value(value, tree, "")


class _Renderer:
    def __init__(self, unit: UnitOfWork, version: str, *, public: bool) -> None:
        self._unit, self._version, self._public = unit, version, public

    def value(self, value: object, tree: Tree, where: str) -> object:
        if is_array(value):
            return [self.value(v, tree, where) for v in value]
        if not is_object(value):
            return value
        if not isinstance(value.get("object"), str):
            return self._plain(value)
        if value["object"] in {"list", "search_result"} and is_array(value.get("data")):
            wrong = next((k for k in tree if k not in {"data", "total_count"}), None)
            if wrong is not None:
                raise _refused(where + wrong, f"data.{wrong}")
            data = [self.value(v, tree.get("data", {}), f"{where}data.") for v in value["data"]]
            return {**value, "data": data}
        return self.object(value, tree, where)

    def object(self, stored: dict[str, object], tree: Tree, where: str) -> dict[str, object]:
        name = stored.get("object", "")
        schema = self._unit.environment.find_schema(name)
        includes = self._unit.environment.includes(name)
        if name == "event" and stored.get("api_version") and stored["api_version"] != self._version:
            # What an event carries is shown in the version it was made for, whatever version its reader speaks.
            return _Renderer(self._unit, stored["api_version"], public=False).object(stored, tree, where)
        shown = {
            k: self._plain(v)
            for k, v in stored.items()
            if not k.startswith("_") and not (schema and k in schema.hidden)
        }
        self._unit.environment.history.down(self._unit, shown, stored, self._version)
        if name == "event":
            self._previous(shown, stored)
        if self._public and schema is not None and schema.public is not None:
            shown = {k: v for k, v in shown.items() if k in schema.public}
        for key, below in tree.items():
            if key in includes:
                shown[key] = self.value(includes[key](self._unit, stored), below, f"{where}{key}.")
            elif schema is not None and key in schema.hidden:
                shown[key] = self.value(stored.get(key), below, f"{where}{key}.")
            else:
                self._expand(shown, key, below, name=name, path=key, where=where)
        return shown

    def _previous(self, shown: dict[str, object], stored: dict[str, object]) -> None:
        """Tell what changed in the words of the version: compare what it shows of the object before and after."""
        data = stored["data"]
        if "previous_attributes" not in data or not self._unit.environment.history.differs(
            data["object"].get("object", ""), self._version
        ):
            return
        before = self.value(differences.patched(data["object"], data["previous_attributes"]), {}, "")
        shown["data"] = {
            **shown["data"],
            "previous_attributes": differences.difference(before, shown["data"]["object"]),
        }

    def _plain(self, value: object) -> object:
        if is_object(value):
            if isinstance(value.get("object"), str):
                return self.value(value, {}, "")
            return {k: self._plain(v) for k, v in value.items() if not k.startswith("_")}
        if is_array(value):
            return [self._plain(v) for v in value]
        return value

    def _expand(self, holder: dict[str, object], key: str, below: Tree, *, name: str, path: str, where: str) -> None:
        known = table()["shapes"].get(name, {})
        older = self._unit.environment.history.expandable(name, self._version)
        allowed = path in known or path in older or any(p.startswith(f"{path}.") for p in known)
        if not allowed and not (known == {} and key in holder):
            raise _refused(where + key)
        value = holder.get(key)
        if isinstance(value, str):
            holder[key] = self._load(value, below, f"{where}{key}.")
        elif is_array(value):
            holder[key] = [
                self._load(v, below, f"{where}{key}.")
                if isinstance(v, str)
                else self._inside(v, below, name, path, where)
                for v in value
            ]
        elif is_object(value):
            holder[key] = self._inside(value, below, name, path, f"{where}{key}.")

    def _inside(self, value: object, below: Tree, name: str, path: str, where: str) -> object:
        if is_object(value) and isinstance(value.get("object"), str):
            stored = self._unit.find(value["object"], value.get("id")) if value["object"] != "list" else None
            return self.value(stored or value, below, where)
        if is_object(value):
            for key, deeper in below.items():
                self._expand(value, key, deeper, name=name, path=f"{path}.{key}", where=where)
        return value

    def _load(self, object_id: str, below: Tree, where: str) -> object:
        stored = self._unit.find_any(object_id)
        if stored is None:
            return object_id
        if self._unit.is_deleted(object_id):
            return {"id": stored["id"], "object": stored["object"], "deleted": True}
        return self.value(stored, below, where)


def _refused(path: str, better: str | None = None) -> Exception:
    hint = f" You may want to try expanding '{better}' instead." if better else ""
    return invalid(f"This property cannot be expanded ({path}).{hint}", "expand")
