"""Parsing of repository URLs in any form, and the order of a project's links."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.repositories import RepositoryRef, list_repository_candidates, parse_repository_url
from support.builders import build_fields

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
PAGES = re.compile("login|about|new|apps|home|join|team|site|stars|pulls|repos|search|gist|gists|orgs|events|blog")

owners = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38}", fullmatch=True).filter(
    lambda owner: len(owner) > 3 and not PAGES.fullmatch(owner.lower())
)
names = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,40}", fullmatch=True).filter(
    lambda name: not name.endswith(".") and not re.search(r"(?i)\.(git|wiki)$", name)
)
# `{}` is what stands between host and end: `owner/name`, or `owner/name.git`.
URL_FORMS = [
    "https://github.com/{}",
    "http://github.com/{}",
    "https://www.github.com/{}",
    "HTTPS://GitHub.COM/{}",
    "github.com/{}",
    "www.github.com/{}",
    "//github.com/{}",
    "https://github.com//{}",
    "https://github.com:443/{}",
    "https://user:secret@github.com/{}",
    "https://github.com./{}",
    "git://github.com/{}",
    "git+https://github.com/{}",
    "git+ssh://git@github.com/{}",
    "ssh://git@github.com/{}",
    "ssh://git@ssh.github.com:443/{}",
    "git@github.com:{}",
    "github.com:{}",
    "https://raw.githubusercontent.com/{}/main/README.rst",
    "https://api.github.com/repos/{}",
    "https://codeload.github.com/{}/zip/main",
]
URL_ENDS = [
    "", "/", "//", "/tree/main/packages/x", "/blob/main/README.md", "/issues", "/issues/", "/releases", "/wiki",
    "/archive/v1.0.tar.gz", "#readme", "/#readme", "#README.md", "?tab=readme-ov-file", "?tab=readme-ov-file#x",
    "/tree/main?x=1#y", ".git", ".git/", ".git#egg=name", ".git@main", ".git@v1.0#egg=x&subdirectory=y", ".GIT",
    ".wiki.git", ".", ",", ";", "/.", "%20", " ", " and more", " #README.md",
]  # fmt: skip
URL_WRAPPERS = ["{}", "<{}>", '"{}"', "'{}'", "({})", "[{}]", "  {}  ", "<{}>.", "({}),", "\t{}\n", "“{}”"]


@given(
    owner=owners,
    name=names,
    form=st.sampled_from(URL_FORMS),
    end=st.sampled_from(URL_ENDS),
    wrapped=st.sampled_from(URL_WRAPPERS),
    is_shouted=st.booleans(),
)
def test_forms_of_url_are_equal(owner: str, name: str, form: str, end: str, wrapped: str, is_shouted: bool) -> None:
    written = wrapped.format(form.format(f"{owner}/{name}{end if form.endswith('{}') else ''}"))

    address = parse_repository_url(written.upper() if is_shouted and "/repos/" not in form else written)

    assert address == RepositoryRef("github.com", owner, name)


@given(owner=owners, name=names)
def test_parsing_own_url_round_trip(owner: str, name: str) -> None:
    address = RepositoryRef("github.com", owner, name)

    again = parse_repository_url(address.url)

    assert again is not None
    assert (again.url, again.owner, again.name) == (address.url, owner, name)


@given(st.text(st.characters()) | st.text("githubcom.:/@#?%<>[]-~ \n\x00\ud800") | st.binary().map(str))
def test_any_text_is_normalized_idempotently(text: str) -> None:
    for written in (text, f"https://github.com/{text}", f"git@gitlab.com:{text}", f"https://{text}"):
        address = parse_repository_url(written)

        assert address is None or parse_repository_url(address.url) == address


@pytest.mark.parametrize(
    "text",
    [
        "github:o/r", "GitHub: o/r", "gh:o/r", "github:o/r#readme", "https://github.com//o//r", "https://github.com/o/r>`_",
        "`code <https://github.com/o/r>`_", "Repository, https://github.com/o/r", "Source: https://github.com/o/r",
        "[code](https://github.com/o/r)", "<a href='https://github.com/o/r'>", "scm:git:git://github.com/o/r.git",
        "url=https://github.com/o/r", "https://https://github.com/o/r", "https://github.com/o/r, https://docs.example",
        "see https://docs.example or https://github.com/o/r", "https%3A%2F%2Fgithub.com%2Fo%2Fr", "https://github.com/o/r\u200b",
        "https:\\\\github.com\\o\\r", "http//github.com/o/r", "https://github.com/o//r/issues", "\ufeffgithub.com/o/r",
    ],
)  # fmt: skip
def test_repository_is_read_through_markup_labels_and_mistakes(text: str) -> None:
    assert parse_repository_url(text) == RepositoryRef("github.com", "o", "r")


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "UNKNOWN", "github.com", "https://github.com", "https://github.com/", "https://github.com/owner",
        "https://github.com/owner/", "https://github.com/owner?tab=repositories", "https://github.com/owner/..",
        "https://github.com/jni//issues", "https://github.com/own er/name", "https://github.com/-/name",
        "https://github.com/owner/.github", "https://github.com/owner/.github/blob/main/CODE_OF_CONDUCT.md",
        "https://github.com/sponsors/owner", "https://github.com/orgs/plone/discussions", "https://github.com/topics/cms",
        "https://github.com/marketplace/actions", "https://github.com/apps/dependabot", "https://github.com/features/x",
        "https://github.com/settings/tokens", "https://github.com/login/oauth", "https://github.com/about/careers",
        "https://github.com/explore/email", "https://github.com/collections/x", "https://github.com/SPONSORS/owner",
        "https://github.com/users/owner/projects/1", "https://github.com/search/advanced", "https://gist.github.com/o/1f",
        "https://owner.github.io/name", "https://docs.github.com/en/rest", "https://api.github.com/users/owner/repos",
        "https://notgithub.com/owner/name", "https://github.com.evil.example/owner/name", "mailto:me@example.org",
        "https://example.org/?next=https://github.com/owner/name", "https://example.org/github.com/owner/name",
        "https://gitlab.com/explore/groups", "https://codeberg.org/explore/repos", "https://[::1]/owner/name", "http://[",
    ],
)  # fmt: skip
def test_other_url_is_no_repository(text: str) -> None:
    assert parse_repository_url(text) is None


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://gitlab.com/group/sub/group/name/-/tree/main", "https://gitlab.com/group/sub/group/name"),
        ("git@gitlab.com:group/name.git", "https://gitlab.com/group/name"),
        ("https://gitlab.com/group/name/issues", "https://gitlab.com/group/name"),
        ("https://gitlab.example.org/group/name/blob/main/x", "https://gitlab.example.org/group/name"),
        ("https://codeberg.org/owner/name/src/branch/main", "https://codeberg.org/owner/name"),
        ("https://bitbucket.org/owner/name/src", "https://bitbucket.org/owner/name"),
        ("https://github.com/_under_/n", None),
        ("https://github.com/company_user/n", "https://github.com/company_user/n"),
        ("https://github.com/community/community", "https://github.com/community/community"),
    ],
)
def test_url_is_parsed_for_any_host(text: str, url: str | None) -> None:
    address = parse_repository_url(text)

    assert (address and address.url) == url


def test_addresses_compare_without_case_and_keep_their_spelling() -> None:
    one, other = RepositoryRef("github.com", "Plone", "Products.X"), parse_repository_url("github.com/plone/products.x")

    assert other is not None
    assert (one == other, hash(one) == hash(other), one.key == other.key) == (True, True, True)
    assert one.url == "https://github.com/Plone/Products.X"
    assert one != RepositoryRef("gitlab.com", "Plone", "Products.X")


def list_candidate_paths(*releases: dict[str, object]) -> list[str]:
    return [ref.path for ref in list_repository_candidates(build_fields(**release) for release in releases)]  # type: ignore[arg-type]


def test_repository_links_are_tried_in_order() -> None:
    release = {
        "docs_url": "https://github.com/o/docs-url",
        "home_page": "https://github.com/o/home",
        "project_urls": {
            "Documentation": "https://github.com/o/docs",
            "Changelog": "https://github.com/o/changes",
            "Download": "https://github.com/o/download",
            "Source Code": "https://github.com/o/source",
        },
    }

    assert list_candidate_paths(release) == ["o/source", "o/changes", "o/home", "o/docs", "o/download", "o/docs-url"]


@pytest.mark.parametrize(
    "label",
    ["Source", "source", "Source Code", "SourceCode", "source_code", "Repository", "repo", "Code", "GitHub", "Git-Hub",
     "Source on GitHub", "GitHub Repository", "GitLab", "Git", "VCS", "  SOURCE: "],
)  # fmt: skip
def test_source_label_is_preferred(label: str) -> None:
    links = {"Homepage": "https://github.com/o/home", label: "https://github.com/o/source"}

    assert list_candidate_paths({"project_urls": links}) == ["o/source", "o/home"]


@pytest.mark.parametrize("label", ["Resources", "Report a bug", "Code of Conduct", "GitHub Sponsors", "Homepage", "源"])
def test_similar_label_is_not_preferred(label: str) -> None:
    links = {label: "https://github.com/o/other", "Source": "https://github.com/o/source"}

    assert list_candidate_paths({"project_urls": links}) == ["o/source", "o/other"]


def test_repositories_of_older_releases_are_last_and_unique() -> None:
    newest = {"version": "3.0", "project_urls": {"Source": "https://github.com/o/new"}}
    older = {"version": "2.0", "project_urls": {"Source": "git@github.com:O/NEW.git", "Home": "https://github.com/o/x"}}
    oldest = {"version": "1.0", "home_page": "http://github.com/former/old/"}

    assert list_candidate_paths(newest, older, oldest) == ["o/new", "o/x", "former/old"]


def test_links_without_repository_are_omitted() -> None:
    links = {"Source": "UNKNOWN", "Donate": "https://github.com/sponsors/me", "Docs": "https://me.github.io/x"}

    assert list_candidate_paths({"project_urls": links, "home_page": "https://example.org"}) == []


OWN_HOSTS = {"git.example.org": True, "code.example.org": False}


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://git.example.org/group/sub/name/-/issues", "https://git.example.org/group/sub/name"),
        ("ssh://git@git.example.org:2222/group/sub/name.git", "https://git.example.org/group/sub/name"),
        ("git@git.example.org:group/name.git", "https://git.example.org/group/name"),
        ("git+https://code.example.org/owner/name.git@main#egg=name", "https://code.example.org/owner/name"),
        ("https://code.example.org/owner/name/src/branch/main", "https://code.example.org/owner/name"),
    ],
)
def test_repository_on_own_host(text: str, url: str) -> None:
    ref = parse_repository_url(text, OWN_HOSTS)

    assert ref is not None
    assert ref.url == url
    assert parse_repository_url(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "https://git.example.org/group", "https://git.example.org/explore/projects", "https://git.example.org/",
        "https://code.example.org/owner", "https://code.example.org/explore/repos", "https://example.org/owner/name",
    ],
)  # fmt: skip
def test_page_of_own_host_is_no_repository(text: str) -> None:
    assert parse_repository_url(text, OWN_HOSTS) is None
