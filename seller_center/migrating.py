"""Migrations from nothing, four times as fast: a first start and every test run begin with them.

Django keeps classes of the models as they were at each step, and renders a model and all its relatives anew after each
operation; with everything referring to the shop, that is every model, hundreds of times. While a database is built from
nothing only what changed is rendered. Migrations of a database that holds data run on Django's own path; a test shows
that both paths make the same schema.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations.state import ModelState, ProjectState

Key = tuple[str, str]
#: Options that live beside the table's columns: to change them changes no class but this one's list.
BESIDE = ("constraints", "indexes", "triggers")


@contextmanager
def quick_states() -> Iterator[None]:
    """Within it, a change of a model renders those anew that refer to it, and not those that it refers to."""
    stock_reload, stock_render = ProjectState.reload_model, ModelState.render

    def reload_model(self: Any, app_label: str, model_name: str, delay: bool = False) -> None:
        key = (app_label, model_name)
        if "apps" not in self.__dict__ or key not in self.models:
            stock_reload(self, app_label, model_name, delay)
            return
        state = self.models[key]
        known = self.apps.all_models[app_label].get(model_name)
        if known is None:
            self._reload({key})
        elif known._rendered_from == _shape(state):
            for option in BESIDE:
                setattr(known._meta, option, list(state.options.get(option, ())))
        else:
            self._reload(_dependents(self, key))

    def render(self: Any, registry: Any) -> Any:
        model = stock_render(self, registry)
        model._rendered_from = _shape(self)
        return model

    ProjectState.reload_model, ModelState.render = reload_model, render  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        ProjectState.reload_model, ModelState.render = stock_reload, stock_render  # type: ignore[method-assign]


def _shape(state: ModelState) -> object:
    """What a class is made of, without the options beside it. Fields go by identity: a change replaces them."""
    options = {name: repr(value) for name, value in state.options.items() if name not in BESIDE}
    return [(name, id(field)) for name, field in state.fields.items()], options, state.bases, len(state.managers)


def _dependents(state: ProjectState, key: Key) -> set[Key]:
    """The model and all that refer to it, directly or through others: their classes hold the old one."""
    found, new = {key}, [key]
    while new:
        target = new.pop()
        inheriting = {other for other, model in state.models.items() if ".".join(target) in _bases(model)}
        for other in {*state.relations.get(target, ()), *inheriting} - found:
            found.add(other)
            new.append(other)
    return found


def _bases(model: ModelState) -> set[str]:
    return {base.lower() for base in model.bases if isinstance(base, str)}
