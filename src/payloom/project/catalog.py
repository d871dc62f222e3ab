"""What a project's workflows can name, with a revision that changes whenever the names do."""

from __future__ import annotations

import itertools

from payloom.connectors.stripe.catalog.stripe_catalog import CatalogWithStripe

_revisions = itertools.count(1)
_CONTENT = ("tables", "emails", "templates", "functions", "workflows", "env", "money", "http_hosts", "mirrored")


class ProjectCatalog(CatalogWithStripe):
    """What a project can name. revision: grows with every change, and no two catalogs of a process share one.

    http_hosts: the hosts `http` steps can call; None when the settings allow patterns.
    """

    http_hosts: set[str] | None = None
    revision: int = 0

    def has_same_names(self, other: ProjectCatalog) -> bool:
        """Whether a check against `other` gives the same result as one against this catalog."""
        return all(getattr(self, field) == getattr(other, field) for field in _CONTENT)

    def renew_revision(self) -> None:
        """Give the catalog a revision that no other catalog has: what is known about the old one no longer counts."""
        self.revision = next(_revisions)


def base_catalog() -> ProjectCatalog:
    """Return what every project can name: the actions and triggers of the connectors."""
    return ProjectCatalog()
