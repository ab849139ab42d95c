"""Migration operations that Django's own do too much of."""

from typing import Any

from django.db.migrations import AlterField


class DropForeignKeyIndex(AlterField):
    """``db_index=False`` on a foreign key: drops the one index that Django made for it, by its name.

    Django's ``AlterField`` drops every index that lies on this column alone, and partial unique constraints are
    indexes in PostgreSQL: "one default warehouse per shop" would go with it without a word.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.execute(f"DROP INDEX IF EXISTS {schema_editor.quote_name(self._index(schema_editor, model))}")

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            field = model._meta.get_field(self.name)
            schema_editor.execute(schema_editor._create_index_sql(model, fields=[field]))

    def _index(self, schema_editor: Any, model: Any) -> str:
        column = model._meta.get_field(self.name).column
        return schema_editor._create_index_name(model._meta.db_table, [column])
