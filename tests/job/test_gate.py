"""What stands before an update, with an engine that only keeps what it is asked: approval, plans, changed files."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from crossaccount.engine.work import Change, Outcome, Work
from crossaccount.job import events
from crossaccount.job.review.approval import Approval, Approved
from crossaccount.job.review.plans import PlanError
from crossaccount.job.review.review import AccessReviewed
from crossaccount.job.running.workers import Threads
from crossaccount.job.sign_in.live_accounts import WrongAccount
from crossaccount.job.stacks import JobResult, Stacks
from tests.job.jobs import ScriptedEngine
from tests.job.review.reviewing import Estate, recorded, write_project

BEFORE: dict[str, Any] = {
    "auth": {"trusted": {"users": {"bo": {}}}},
    "workload": {"trusting": {"roles": {"Deployer": {"trust": [{"principals": ["auth"]}]}}}},
}
BROADER: dict[str, Any] = {**BEFORE, "auth": {"trusted": {"users": {"bo": {"inline": {"in": {"assume": ["*"]}}}}}}}
EVERYTHING = Approval(kinds=frozenset({"broadening", "replacement", "credentials"}))
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}


def write_plan(work: Work, emit: events.Emit) -> None:
    """Does what the engine does of a plan."""
    del emit
    if work.verb == "preview" and work.plan:
        work.plan.write_text(f"plan of {work.stack}")


@dataclass
class Place:
    """A deployed project, and the jobs on it."""

    estate: Estate
    told: list[events.Event] = field(default_factory=list)
    engine: ScriptedEngine = field(default_factory=lambda: ScriptedEngine(before=write_plan))

    @property
    def stacks(self) -> Stacks:
        """The stacks as their files are now."""
        return Stacks(
            self.estate.folder,
            self.engine,
            self.estate.states,  # type: ignore[arg-type]
            workers=Threads(1),
            on_event=self.told.append,
            live=lambda stack, _: self.estate.live[stack],
        )

    def write(self, stacks: Mapping[str, Mapping[str, Any]]) -> None:
        write_project(self.estate.folder, stacks)

    @property
    def applied(self) -> list[str]:
        """The stacks that the engine was asked to update."""
        return [work.stack for work in self.engine.asked if work.verb == "up"]

    def because(self) -> str:
        """Why the job was refused."""
        return "\n".join(line for each in self.told if isinstance(each, events.Refused) for line in each.because)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A project that was deployed."""
    return Place(Estate.deployed(tmp_path / "project", BEFORE))


def error_of(result: JobResult, stack: str) -> str:
    return result.outcomes[stack].error


def test_a_broadening_without_its_yes_touches_nothing(place: Place) -> None:
    place.write(BROADER)
    result = place.stacks.up(approval=Approval())
    assert (result.status, place.applied) == ("refused", [])
    assert place.because().endswith("nothing is applied: --approve broadening")
    assert not (place.estate.folder / ".crossaccount").exists()


def test_an_approved_broadening_is_applied_and_recorded(place: Place) -> None:
    place.write(BROADER)
    result = place.stacks.up(approval=EVERYTHING)
    assert (result.ok, place.applied) == (True, ["auth", "workload"])
    line = json.loads((place.estate.folder / ".crossaccount" / "approvals.jsonl").read_text())
    approved = next(each for each in place.told if isinstance(each, Approved))
    reviewed = next(each for each in place.told if isinstance(each, AccessReviewed))
    assert line["digest"] == approved.digest == reviewed.review.digest
    assert line["verdict"] == "broadening"
    assert place.told.index(reviewed) < place.told.index(approved)


def test_what_cannot_be_recorded_is_not_approved(place: Place) -> None:
    (place.estate.folder / ".crossaccount").write_text("a file is in the way")
    result = place.stacks.up(approval=EVERYTHING)
    assert (result.status, place.applied) == ("refused", [])
    assert "the approval cannot be recorded" in place.because()


@pytest.mark.parametrize("elsewhere", ["file", "folder"])
def test_a_link_in_the_project_leads_no_record_out_of_it(place: Place, tmp_path: Path, elsewhere: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder = place.estate.folder / ".crossaccount"
    if elsewhere == "folder":
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.mkdir()
        (folder / "approvals.jsonl").symlink_to("/dev/null")
    result = place.stacks.up(approval=EVERYTHING)
    assert (result.status, place.applied) == ("refused", [])
    assert "cannot be recorded (it is a link that leads out of the project's folder)" in place.because()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_on_a_local_aws_nothing_is_asked_and_nothing_recorded(place: Place) -> None:
    place.write(BROADER)
    assert place.stacks.up(approval=Approval(yes=False, needed=False)).ok
    assert not (place.estate.folder / ".crossaccount").exists()


def test_without_an_approval_whoever_calls_has_decided(place: Place) -> None:
    place.write(BROADER)
    assert place.stacks.up().ok
    assert not any(isinstance(each, AccessReviewed) for each in place.told)


def test_somebody_at_a_terminal_sees_what_the_engine_would_do_before_being_asked(place: Place) -> None:
    seen: list[str] = []

    def ask(question: str, review: object) -> bool:
        del review
        seen.extend([*(work.verb for work in place.engine.asked), question])
        return False

    assert place.stacks.up(approval=Approval(yes=False, ask=ask, preview_first=True)).status == "refused"
    assert seen == ["preview", "preview", "update"]
    assert place.applied == []


def test_with_yes_there_is_no_preview(place: Place) -> None:
    assert place.stacks.up(approval=Approval()).ok
    assert {work.verb for work in place.engine.asked} == {"up"}


def test_a_file_that_changes_after_the_review_stops_its_stack_alone(place: Place) -> None:
    file = place.estate.folder / "Pulumi.workload.yaml"

    def edit(work: Work, emit: events.Emit) -> None:
        del emit
        if work.stack == "auth":
            file.write_text(file.read_text().replace("Deployer", "Everybody"))

    place.engine.before = edit
    result = place.stacks.up(approval=EVERYTHING)
    assert place.applied == ["auth"]
    assert "its config changed since the review" in error_of(result, "workload")
    assert result.status == "failed"


def test_an_included_file_is_config_too(place: Place) -> None:
    included = place.estate.folder / "more.yaml"
    included.write_text(yaml.safe_dump({"trusted": {"users": {"kim": {}}}}))
    place.write({**BEFORE, "auth": {"include": ["*ore.yaml"], **BEFORE["auth"]}})
    stacks = place.stacks
    included.write_text(yaml.safe_dump({"trusted": {"users": {"kim": {"inline": {"in": {"assume": ["*"]}}}}}}))
    result = stacks.up(approval=EVERYTHING)
    assert "its config changed since the review" in error_of(result, "auth")
    assert place.applied == ["workload"]


def test_a_file_of_a_document_is_config_too(place: Place) -> None:
    file = place.estate.folder / "boundary.json"
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    file.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    place.write({**BEFORE, "auth": {**BEFORE["auth"], "policies": {"B": {"document": {"file": "boundary.json"}}}}})
    stacks = place.stacks
    file.write_text(json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Action": "s3:*"}]}))
    result = stacks.up(approval=EVERYTHING)
    assert "its config changed since the review" in error_of(result, "auth")
    assert place.applied == ["workload"]


@pytest.mark.parametrize(
    ("line", "differs"),
    [
        ("backend: {url: 'file:///elsewhere'}", True),
        ("packages: {random: terraform-provider@hashicorp/random}", True),
        ("options: {refresh: always}", True),
        ("main: .", True),
        ("description: said anew", False),
    ],
)
def test_an_edit_of_the_project_after_the_review_stops_all_stacks(place: Place, line: str, differs: bool) -> None:
    stacks = place.stacks
    file = place.estate.folder / "Pulumi.yaml"
    file.write_text(f"{file.read_text()}\n{line}\n")
    assert stacks.up(approval=EVERYTHING).ok is not differs
    assert place.applied == ([] if differs else ["auth", "workload"])


def own_program(place: Place, main: str = "") -> Path:
    """Makes the project's program one of its own; its module."""
    folder = place.estate.folder
    module = folder / "helper.py"
    module.write_text("NAME = 'one'\n")
    (folder / "__main__.py").write_text("import helper\nfrom components.program import main\n\nmain()\n")
    if main:
        file = folder / "Pulumi.yaml"
        file.write_text(f"{file.read_text()}main: {main}\n")
    return module


def link_elsewhere(link: Path, target: Path) -> None:
    link.unlink()
    link.symlink_to(target)


@pytest.mark.parametrize("edited", ["module", "data", "added", "link"])
def test_an_edit_of_the_projects_own_program_after_the_review_stops_all_stacks(
    place: Place, tmp_path: Path, edited: str
) -> None:
    link = tmp_path / "linked"
    link.symlink_to(place.estate.folder)
    copy = tmp_path / "copy"
    copytree(place.estate.folder, copy)
    module = own_program(place, main="../linked")
    own_program(Place(replace(place.estate, folder=copy)))
    data = place.estate.folder / "data.json"
    data.write_text("1")
    edits: Mapping[str, Callable[[], object]] = {
        "module": lambda: module.write_text("NAME = 'two'\n"),
        "data": lambda: data.write_text("2"),
        "added": lambda: (place.estate.folder / "lib.zip").write_text(""),
        "link": lambda: link_elsewhere(link, copy),
    }

    def edit(work: Work, emit: events.Emit) -> None:
        del emit
        if work.stack == "auth":
            edits[edited]()

    place.engine.before = edit
    result = place.stacks.up(approval=EVERYTHING)
    assert place.applied == ["auth"]
    assert "its config changed since the review" in error_of(result, "workload")


def test_what_the_projects_own_program_declares_in_the_update_alone_is_told(place: Place) -> None:
    own_program(place)
    urn = "urn:pulumi:auth::fleet::{}::{}"
    made = [
        Change(op, urn.format(kind, name), kind, name, None, None)
        for op, kind, name in (
            ("create", "aws:iam/role:Role", "evil"),
            ("create", "aws:s3/bucket:Bucket", "logs"),
            ("delete", "aws:iam/role:Role", "gone"),
            ("update", "aws:iam/user:User", "auth-user-bo"),
        )
    ]
    [user] = recorded(place.estate.folder)["auth"].of_type("aws:iam/user:User")
    made[-1] = replace(made[-1], name=user.name)
    place.engine.outcomes = {"auth": Outcome("auth", "changed", changes=tuple(made))}
    assert place.stacks.up(approval=Approval()).status == "failed", "nobody approved it"
    told = [each.text for each in place.told if isinstance(each, events.Message)]
    assert told == ["aws:iam/role:Role evil was not in the review: the program declared it in the update alone"]
    assert place.stacks.up(approval=EVERYTHING).ok


def test_what_the_job_writes_into_the_folder_is_no_edit_of_its_own_program(place: Place) -> None:
    own_program(place)
    plan = place.estate.folder / "plan"
    assert place.stacks.preview(save_plan=plan).ok
    log = place.estate.folder / "approvals.jsonl"
    result = place.stacks.up(approval=replace(EVERYTHING, log=log), plan=plan)
    assert (result.status, place.applied, place.because()) == ("succeeded", ["auth", "workload"], "")
    assert log.exists()
    assert place.stacks.up(approval=EVERYTHING, plan=plan).status == "refused", "this log is no output of this command"


def test_what_the_cli_adds_to_the_file_of_a_new_stack_is_no_change(place: Place) -> None:
    stacks = place.stacks
    file = place.estate.folder / "Pulumi.workload.yaml"
    file.write_text("encryptionsalt: v1:x\n" + file.read_text())
    assert stacks.up(approval=EVERYTHING).ok


def test_credentials_of_another_account_stop_their_stack_alone(place: Place) -> None:
    def live(stack: str, account_id: str) -> Mapping[str, Any]:
        if stack == "workload":
            raise WrongAccount(
                f"the credentials belong to account 333333333333, but the stack is for account {account_id}"
            )
        return place.estate.live[stack]

    stacks = place.stacks
    stacks._live = live
    result = stacks.up(approval=EVERYTHING)
    assert place.applied == ["auth"]
    assert error_of(result, "workload").startswith("the credentials belong to account 333333333333")


class TestPlans:
    """``preview --save-plan`` and ``up --plan``."""

    def test_a_plan_holds_what_was_reviewed_and_is_not_for_others_to_read(self, place: Place, tmp_path: Path) -> None:
        place.write(BROADER)
        assert place.stacks.preview(save_plan=tmp_path / "plan").ok
        files = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "plan").iterdir()}
        assert files == {"auth.plan.json": 0o600, "workload.plan.json": 0o600, "review.json": 0o600}
        assert stat.S_IMODE((tmp_path / "plan").stat().st_mode) == 0o700
        saved = json.loads((tmp_path / "plan" / "review.json").read_text())
        assert saved["review"]["verdict"] == "broadening"

    def test_what_was_reviewed_is_applied_with_the_engines_plans(self, place: Place, tmp_path: Path) -> None:
        place.write(BROADER)
        place.stacks.preview(save_plan=tmp_path / "plan")
        assert place.stacks.up(approval=EVERYTHING, plan=tmp_path / "plan").ok
        asked = {work.stack: work.plan for work in place.engine.asked if work.verb == "up"}
        assert asked == {name: tmp_path / "plan" / f"{name}.plan.json" for name in ("auth", "workload")}

    def test_a_stack_that_is_new_is_held_by_its_review_alone(self, place: Place, tmp_path: Path) -> None:
        place.estate.states.states = {}
        place.stacks.preview(save_plan=tmp_path / "plan")
        assert [each.name for each in (tmp_path / "plan").iterdir()] == ["review.json"]
        warned = [each.stack for each in place.told if isinstance(each, events.Message) and "it is new" in each.text]
        assert warned == ["auth", "workload"]
        assert place.stacks.up(approval=EVERYTHING, plan=tmp_path / "plan").ok
        assert {work.plan for work in place.engine.asked} == {None}

    def test_a_plan_is_no_yes(self, place: Place, tmp_path: Path) -> None:
        place.write(BROADER)
        place.stacks.preview(save_plan=tmp_path / "plan")
        assert place.stacks.up(approval=Approval(), plan=tmp_path / "plan").status == "refused"
        assert place.because().endswith("--approve broadening")

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ("config", "auth: its config differs from the review"),
            ("stack added", "more: it is not in the plan"),
            ("stack gone", "workload: it is in the plan, but the project no longer has it"),
            ("new no more", "auth: it was new at the review, and is deployed now"),
            ("plan gone", "auth: its plan is missing, or is not the reviewed one"),
            ("plan edited", "auth: its plan is missing, or is not the reviewed one"),
            (
                "by hand",
                "its effect on access differs from the review: changes: 1 more and 0 fewer, removals: 1 more",
            ),
        ],
    )
    def test_anything_else_stops_before_anything_is_touched(
        self, place: Place, tmp_path: Path, change: str, said: str
    ) -> None:
        deployed = place.estate.states.states
        if change == "new no more":
            place.estate.states.states = {"workload": deployed["workload"]}
        place.stacks.preview(save_plan=tmp_path / "plan")
        folder, place.estate.states.states = place.estate.folder, deployed
        if change == "config":
            place.write(BROADER)
        elif change == "stack added":
            own = {"more": {"id": "444444444444", "stack": "more"}}
            config = {"aws:allowedAccountIds": ["444444444444"], "crossaccount:account": "more"}
            text = yaml.safe_dump({"config": {"crossaccount:accounts": own, **config}})
            (folder / "Pulumi.more.yaml").write_text(text)
            place.estate.live["more"] = {}
        elif change == "stack gone":
            (folder / "Pulumi.workload.yaml").unlink()
        elif change == "plan gone":
            (tmp_path / "plan" / "auth.plan.json").unlink()
        elif change == "plan edited":
            (tmp_path / "plan" / "auth.plan.json").write_text("another plan")
        elif change == "by hand":
            deed = {"of": "role/Deployer", "do": "inline", "name": "stop", "document": DENY}
            place.estate.by_hand("workload", [deed])
        result = place.stacks.up(approval=EVERYTHING, plan=tmp_path / "plan")
        assert (result.status, place.applied) == ("refused", [])
        assert said in place.because()

    def test_a_plan_of_some_stacks_is_applied_to_the_same(self, place: Place, tmp_path: Path) -> None:
        place.stacks.preview(["auth"], save_plan=tmp_path / "plan")
        assert place.stacks.up(approval=EVERYTHING, plan=tmp_path / "plan").status == "succeeded"
        assert place.applied == ["auth"]
        assert place.stacks.up(["workload"], approval=EVERYTHING, plan=tmp_path / "plan").status == "refused"

    def test_a_preview_that_failed_leaves_no_plan(self, place: Place, tmp_path: Path) -> None:
        place.engine.outcomes = {"workload": Outcome("workload", "failed", error="no")}
        assert not place.stacks.preview(save_plan=tmp_path / "plan").ok
        with pytest.raises(PlanError, match="no finished plan"):
            place.stacks.up(approval=EVERYTHING, plan=tmp_path / "plan")
        place.engine.outcomes = {}
        assert place.stacks.preview(save_plan=tmp_path / "plan").ok

    @pytest.mark.parametrize("key", ["patterns", "configs", "new", "plans", "digest", "review", "the review's changes"])
    def test_a_plan_of_another_shape_is_none(self, place: Place, tmp_path: Path, key: str) -> None:
        place.stacks.preview(save_plan=tmp_path / "plan")
        file = tmp_path / "plan" / "review.json"
        content = json.loads(file.read_text())
        holder, last = (content["review"], "changes") if " " in key else (content, key)
        holder[last] = 1
        file.write_text(json.dumps(content))
        with pytest.raises(PlanError, match="no finished plan"):
            place.stacks.up(approval=EVERYTHING, plan=tmp_path / "plan")

    def test_a_folder_with_something_else_is_left_alone(self, place: Place, tmp_path: Path) -> None:
        (tmp_path / "plan").mkdir()
        (tmp_path / "plan" / "thesis.json").write_text("{}")
        (tmp_path / "plan" / "review.json").write_text('{"of": "a book"}')
        with pytest.raises(PlanError, match="contains something other than a plan"):
            place.stacks.preview(save_plan=tmp_path / "plan")
        assert {each.name for each in (tmp_path / "plan").iterdir()} == {"review.json", "thesis.json"}

    def test_a_new_plan_replaces_the_old_one(self, place: Place, tmp_path: Path) -> None:
        place.stacks.preview(save_plan=tmp_path / "plan")
        place.stacks.preview(["auth"], save_plan=tmp_path / "plan")
        assert {each.name for each in (tmp_path / "plan").iterdir()} == {"auth.plan.json", "review.json"}


@pytest.mark.parametrize("declared", [BROADER, BEFORE])
def test_an_approval_of_another_review_covers_nothing(place: Place, declared: Mapping[str, Any]) -> None:
    """Also where this update asks for no yes of its own."""
    place.write(declared)
    result = place.stacks.up(approval=Approval(kinds=frozenset({"broadening", "replacement"}), reviewed="0" * 64))
    assert (result.status, place.applied) == ("refused", [])
    assert result.review
    assert place.because().endswith(f"--reviewed {result.review.digest}")


def test_the_approval_of_this_review_is_applied(place: Place) -> None:
    place.write(BROADER)
    digest = place.stacks.review().digest
    assert place.stacks.up(approval=Approval(kinds=frozenset({"broadening"}), reviewed=digest)).ok
    assert place.applied == ["auth", "workload"]


def test_access_alone_is_reviewed_without_the_engine(place: Place) -> None:
    place.write(BROADER)
    result = place.stacks.preview(resources=False)
    assert result.review
    assert (result.status, result.review.verdict, place.engine.asked) == ("succeeded", "broadening", [])
    assert any(isinstance(each, AccessReviewed) for each in place.told)
