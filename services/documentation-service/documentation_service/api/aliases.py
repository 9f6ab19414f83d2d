"""Semantic aliases over HTTP, for editors and administrators.

Readers may not list them: the words of an alias may come from documents that a reader may not see, such as the name of
a project. A search tells them what was added to words that they knew to type (`explain`).
"""

from uuid import UUID

from fastapi import APIRouter

from documentation_service.api.dependencies import AliasesDep, DiscoveryDep
from documentation_service.interfaces import Alias
from documentation_service.services.proposals import Proposal
from flash_core.errors import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    OverloadedError,
    UnauthenticatedError,
)
from flash_core.schemas.aliases import (
    AliasProposal,
    AliasResponse,
    CreateAliasRequest,
    DiscoverRequest,
    DiscoverResponse,
)
from flash_core.schemas.common import Page
from flash_core.web.identity import CurrentEditor
from flash_core.web.pagination import PageQuery, page_of
from flash_core.web.problems import problems

router = APIRouter(
    prefix="/api/v1/aliases",
    tags=["aliases"],
    responses=problems(UnauthenticatedError, ForbiddenError, InvalidInputError),
)


@router.get("", responses=problems(BadRequestError))
async def list_aliases(_: CurrentEditor, aliases: AliasesDep, page: PageQuery) -> Page[AliasResponse]:
    """The oldest first."""
    rows = await aliases.page(page.after_id, page.rows)
    return page_of(rows, page, key=lambda row: row.id, item=_shown)


@router.post("", status_code=201, responses=problems(ConflictError))
async def create_alias(body: CreateAliasRequest, _: CurrentEditor, aliases: AliasesDep) -> AliasResponse:
    """Acts in every search from now on, in both directions, without indexing anything again.

    A term that is there already, in upper or lower case, keeps its id and its synonyms and gets these besides.
    """
    return _shown(await aliases.add(body.term, body.synonyms))


@router.post("/discover", responses=problems(OverloadedError))
async def discover_aliases(
    user: CurrentEditor, discovery: DiscoveryDep, body: DiscoverRequest | None = None
) -> DiscoverResponse:
    """What the documents that the caller may see suggest, best first, with where it stands. Accepts nothing."""
    found = await discovery.discover(user, (body or DiscoverRequest()).limit)
    return DiscoverResponse(
        proposals=[_proposed(proposal, covered=covered) for proposal, covered in found.proposals],
        documents_read=found.documents_read,
        stopped=found.stopped,
    )


@router.get("/{alias_id}", responses=problems(NotFoundError))
async def read_alias(alias_id: UUID, _: CurrentEditor, aliases: AliasesDep) -> AliasResponse:
    return _shown(await aliases.get(alias_id))


@router.delete("/{alias_id}", status_code=204, responses=problems(NotFoundError))
async def delete_alias(alias_id: UUID, _: CurrentEditor, aliases: AliasesDep) -> None:
    """No search uses it any more when this returns."""
    await aliases.delete(alias_id)


def _shown(alias: Alias) -> AliasResponse:
    return AliasResponse.model_validate(alias)


def _proposed(proposal: Proposal, *, covered: bool) -> AliasProposal:
    return AliasProposal(
        term=proposal.term,
        synonyms=[proposal.synonym],
        score=proposal.score,
        evidence=list(proposal.evidence),
        documents=proposal.documents,
        open=proposal.open,
        covered=covered,
    )
