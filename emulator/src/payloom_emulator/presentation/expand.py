"""Shows an object to a caller: nothing private, in the caller's version, with what `expand` asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core import differences
from payloom_emulator.presentation import field_presence
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import is_array, is_object, members, text
from payloom_emulator.protocol.param_types import table

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork

MAX_LEVELS = 4

# A payment method that stands for a legacy card or account is stored as `pm_card_1…` and shown by the card's own id.
_STORED_BEFORE = "pm_"
_LEGACY = ("card_1", "src_1", "ba_1")
_STANDS_FOR_LEGACY = tuple(f"{_STORED_BEFORE}{prefix}" for prefix in _LEGACY)
_METHODS = frozenset({"default_payment_method", "payment_method"})


class Tree(dict[str, "Tree"]):
    """What is to be expanded: a field to what is to be expanded inside."""

    def below(self, field: str) -> Tree:
        """Return what is to be expanded inside a field; the field itself is to be expanded too."""
        return self.setdefault(field, Tree())


def render(
    unit: UnitOfWork, value: object, version: str, paths: list[str] | None = None, *, public: bool = False
) -> object:
    """Return what the caller sees of `value` (an object or a list object).

    public: the caller has a publishable key and sees only the object's public fields.
    """
    tree = Tree()
    for path in paths or []:
        parts = path.split(".")
        if len(parts) > MAX_LEVELS:
            raise invalid(f"You cannot expand more than {MAX_LEVELS} levels of a property. Property: {path}", "expand")
        node = tree
        for part in parts:
            node = node.below(part)
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
        rows = value.get("data")
        if value["object"] in {"list", "search_result"} and is_array(rows):
            wrong = next((k for k in tree if k not in {"data", "total_count"}), None)
            if wrong is not None:
                raise _refused(where + wrong, f"data.{wrong}")
            below = tree.get("data", Tree())
            data = [self.value(v, below, f"{where}data.") for v in rows]
            return {**value, "data": data}
        return self.obj(value, tree, where)

    def obj(self, stored: dict[str, object], tree: Tree, where: str) -> dict[str, object]:
        name = str(stored.get("object", ""))
        schema = self._unit.environment.find_schema(name)
        includes = self._unit.environment.includes(name)
        made_for = text(stored.get("api_version")) if name == "event" else None
        if made_for and made_for != self._version:
            # What an event carries is shown in the version it was made for, whatever version its reader speaks.
            return _Renderer(self._unit, made_for, public=False).obj(stored, tree, where)
        view = {
            k: self._plain(v)
            for k, v in stored.items()
            if not k.startswith("_") and not (schema and k in schema.hidden)
        }
        self._unit.environment.history.down(self._unit, view, stored, self._version)
        # What an older version shows may hold objects that were made for it.
        older = self._unit.environment.history.differs(name, self._version)
        field_presence.settle(view, self._version, inside=older)
        if name == "event":
            self._previous(view, stored)
        if self._public and schema is not None and schema.public is not None:
            view = {k: v for k, v in view.items() if k in schema.public}
        for path, include in includes.items():
            outer, _, inner = path.partition(".")
            if inner in tree.get(outer, ()) and is_object(around := view.get(outer)):
                view[outer] = {**around, inner: include(self._unit, stored)}
        for key, below in tree.items():
            if key in includes:
                view[key] = self.value(includes[key](self._unit, stored), below, f"{where}{key}.")
            elif schema is not None and key in schema.hidden:
                view[key] = self.value(stored.get(key), below, f"{where}{key}.")
            else:
                self._expand(view, key, below, name=name, path=key, where=where)
        return view

    def _previous(self, view: dict[str, object], stored: dict[str, object]) -> None:
        """Tell what changed in the words of the version: compare what it shows of the object before and after."""
        data, shown_data = members(stored["data"]), members(view["data"])
        obj = members(data["object"])
        differs = self._unit.environment.history.differs(str(obj.get("object", "")), self._version)
        if "previous_attributes" not in data or not differs:
            return
        before = self.value(differences.patched(obj, members(data["previous_attributes"])), Tree(), "")
        previous = differences.difference(members(before), members(shown_data["object"]))
        view["data"] = {**shown_data, "previous_attributes": previous}

    def _plain(self, value: object) -> object:
        if is_object(value):
            if isinstance(value.get("object"), str):
                return self.value(value, Tree(), "")
            return {k: self._plain(v) for k, v in value.items() if not k.startswith("_")}
        if is_array(value):
            return [self._plain(v) for v in value]
        if isinstance(value, str) and value.startswith(_STANDS_FOR_LEGACY):
            return value.removeprefix(_STORED_BEFORE)
        return value

    def _expand(self, holder: dict[str, object], key: str, below: Tree, *, name: str, path: str, where: str) -> None:
        known = table()["shapes"].get(name, {})
        older = self._unit.environment.history.expandable(name, self._version)
        allowed = path in known or path in older or any(p.startswith(f"{path}.") for p in known)
        if not allowed and not (known == {} and key in holder):
            raise _refused(where + key)
        value = holder.get(key)
        if isinstance(value, str) and key in _METHODS and value.startswith(_LEGACY):
            value = f"{_STORED_BEFORE}{value}"
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
            stored = self._unit.find_any(text(value.get("id")))
            same = stored is not None and stored["object"] == value["object"] and not self._deleted(stored)
            return self.value(stored if same else value, below, where)
        if is_object(value):
            for key, deeper in below.items():
                self._expand(value, key, deeper, name=name, path=f"{path}.{key}", where=where)
        return value

    def _deleted(self, stored: dict[str, object]) -> bool:
        return self._unit.is_deleted(str(stored["id"]))

    def _load(self, object_id: str, below: Tree, where: str) -> object:
        stored = self._unit.find_any(object_id)
        if stored is None:
            return object_id
        if self._deleted(stored):
            return {"id": stored["id"], "object": stored["object"], "deleted": True}
        return self.value(stored, below, where)


def _refused(path: str, better: str | None = None) -> Exception:
    hint = f" You may want to try expanding '{better}' instead." if better else ""
    return invalid(f"This property cannot be expanded ({path}).{hint}", "expand")
