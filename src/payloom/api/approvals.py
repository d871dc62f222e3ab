"""The page behind a signed link to a decision: shows what is decided; the buttons post the answer.

Opening the link decides nothing, however often and by whomever (mail programs fetch links to look at them).
"""

from __future__ import annotations

from email.utils import getaddresses

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from payloom.api.http.audit import actor_of
from payloom.api.http.errors import BadRequest, NotAllowed
from payloom.api.http.middleware import set_route_label
from payloom.api.http.request_body import read_form
from payloom.api.http.same_origin import refuse_foreign
from payloom.api.page_routes import PageRoutes
from payloom.audit.trail import Actor, AuditNote, AuditTrail
from payloom.auth.decision_links import PATH, DecisionLink, DecisionLinks
from payloom.auth.errors import LinkNotValid
from payloom.auth.service import AccountService
from payloom.db.database import Database
from payloom.kit.clock import rfc3339
from payloom.pages.templates import OWN
from payloom.runs.errors import WrongState
from payloom.runs.service import RunService
from payloom.views.approvals import Approval, approval_of

_ANSWERS = {"yes": True, "no": False}
_MOST = 500


class ApprovalRoutes:
    """`GET` and `POST /approve/{token}`."""

    def __init__(
        self,
        links: DecisionLinks,
        page_routes: PageRoutes,
        origin: str,
        *,
        database: Database,
        runs: RunService,
        accounts: AccountService,
        audit: AuditTrail,
    ) -> None:
        """origin: the site's own origin, for the check against other sites."""
        self.links = links
        self.page_routes = page_routes
        self.origin = origin
        self.database = database
        self.runs = runs
        self.accounts = accounts
        self.audit = audit

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route(f"{PATH}{{token}}", self.page, methods=["GET", "POST"])]

    async def page(self, request: Request) -> Response:
        """Show the approval, or store the decision and show the result."""
        set_route_label(request, f"{PATH}{{token}}")
        refuse_foreign(request, self.origin, form=True)
        link = await self.links.read(request.path_params["token"])
        approval = await self._approval(link)
        await self._may(link, approval)
        if request.method == "POST":
            await self._decide(request, link, approval)
            response: Response = RedirectResponse(request.url.path, 303)
        else:
            response = self._draw(request, link, approval)
        response.headers["cache-control"] = "no-store"
        response.headers["referrer-policy"] = "same-origin"
        response.headers["x-robots-tag"] = "noindex"
        return response

    async def _approval(self, link: DecisionLink) -> Approval:
        approval = await self.database.read(lambda tx: approval_of(tx, link.run_id, link.path))
        if approval is None:
            # The mail is sent before the run waits: whoever is that quick comes a moment too early.
            raise LinkNotValid("There is nothing to decide here yet.", hint="Try again in a moment.")
        return approval

    async def _may(self, link: DecisionLink, approval: Approval) -> None:
        """Raise NotAllowed when every recipient has an account that is disabled, or that has none of the roles.

        The link stands for itself. An account says something about a recipient only if its address was proved: anybody
        can sign up under the address of a user who decides.
        """
        if approval.state != "waiting":
            return
        for recipient in getaddresses([link.recipient]):
            account = await self.accounts.find(email=recipient[1])
            if account is None or not account.verified or account.has_role(*approval.roles):
                return
        raise NotAllowed(f"This decision is for: {', '.join(approval.roles)}.")

    async def _decide(self, request: Request, link: DecisionLink, approval: Approval) -> None:
        values = await read_form(request)
        approved = _ANSWERS.get(values.get("answer", ""))
        if approved is None:
            raise BadRequest("the answer is yes or no")
        note = (values.get("note") or "").strip()[:_MOST] or None
        if approval.state != "waiting":
            return
        try:
            await self.runs.decide(
                link.run_id, link.path, approved=approved, by=link.recipient, roles=list(approval.roles), note=note
            )
        except WrongState:
            # Somebody else was quicker; the page says what they said.
            return
        guest = actor_of(request)
        actor = Actor("guest", f"the link to {link.recipient}", None, guest.address, guest.request_id)
        note = AuditNote("run.decided", link.run_id, details={"step": link.path, "approved": approved, "by": "link"})
        await self.audit.write(actor, note)

    def _draw(self, request: Request, link: DecisionLink, approval: Approval) -> Response:
        context = {
            "title": approval.title or "Decision",
            "approval": approval,
            "recipient": link.recipient,
            "until": rfc3339(approval.until) if approval.until else None,
            "decided_at": approval.at if isinstance(approval.at, str) or approval.at is None else rfc3339(approval.at),
            "facts": [(key.replace("_", " "), value) for key, value in approval.data.items() if value is not None],
        }
        return self.page_routes.render(request, f"{OWN}/approval.html.j2", None, context)
