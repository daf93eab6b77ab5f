"""Projects on disk: which config is in effect for which stack, by Pulumi's rules."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from crossaccount.settings import SettingsError, read_project
from crossaccount.settings.prints import differences, prints

PROJECT = """
name: demo
runtime: python
config:
  aws:region: eu-west-1
  crossaccount:accounts:
    value:
      auth: {id: "111111111111", stack: auth}
      workload: {id: "222222222222", stack: workload}
"""
AUTH = """
encryptionsalt: v1:abc
config:
  aws:allowedAccountIds: ["111111111111"]
  crossaccount:account: auth
"""


@pytest.fixture
def project(tmp_path):
    """Write a project's files and read it: ``project(auth=...)``; the text of Pulumi.yaml is ``pulumi``."""

    def write(pulumi=PROJECT, **stacks):
        (tmp_path / "Pulumi.yaml").write_text(pulumi, encoding="utf-8")
        for stack, text in stacks.items():
            (tmp_path / f"Pulumi.{stack}.yaml").write_text(text, encoding="utf-8")
        return read_project(tmp_path)

    return write


THREE = (
    PROJECT
    + """
      tools: {id: "333333333333", stack: tools}
"""
)


def test_reads_that_would_make_a_circle_are_not_proposed(project):
    """workload is read by tools, which auth reads: what auth reads must not read auth, however far away it is."""
    stack = "config:\n  aws:region: us-east-1\n  aws:allowedAccountIds: ['{id}']\n  crossaccount:account: {name}\n"
    trust = "  crossaccount:trusting: {roles: {R: {trust: [{principals: [auth/role/A]}]}}}\n"
    found = project(
        pulumi=THREE,
        auth=stack.format(id="1" * 12, name="auth") + "  crossaccount:reads: [tools]\n",
        tools=stack.format(id="3" * 12, name="tools") + "  crossaccount:reads: [workload]\n",
        workload=stack.format(id="2" * 12, name="workload") + trust,
    )
    with pytest.raises(SettingsError) as caught:
        found.compiled("workload")
    [line] = lines(caught)
    assert line.endswith(
        "an exact principal of auth, which is deployed later: its stack reads this one, "
        'got "auth/role/A"; add `mode: by-name`'
    )


def lines(caught):
    return [str(problem) for problem in caught.value.problems]


def test_a_project_and_its_stacks(project, tmp_path):
    found = project(auth=AUTH, workload="config: {}")
    assert (found.name, found.directory, found.main) == ("demo", tmp_path, tmp_path.resolve())
    assert list(found.stacks) == ["auth", "workload"]
    assert found.stacks["auth"] == {
        "aws:region": "eu-west-1",
        "aws:allowedAccountIds": ["111111111111"],
        "crossaccount:account": "auth",
        "crossaccount:accounts": {
            "auth": {"id": "111111111111", "stack": "auth"},
            "workload": {"id": "222222222222", "stack": "workload"},
        },
    }


def test_the_settings_of_a_stack(project):
    settings = project(auth=AUTH).settings("auth")
    assert (settings.account, settings.account_id, settings.region) == ("auth", "111111111111", "eu-west-1")


def test_a_stacks_value_replaces_the_projects(project):
    own = AUTH + '  crossaccount:accounts: {auth: {id: "111111111111"}}\n  aws:region: us-east-1\n'
    settings = project(auth=own).settings("auth")
    assert list(settings.accounts) == ["auth"]
    assert settings.region == "us-east-1"


def test_values_of_the_project_are_plain_or_under_value_or_default(project):
    pulumi = (
        "name: demo\nconfig:\n  a:plain: 5\n  b:list: [1]\n  c:value: {value: {x: 1}}\n"
        "  own: {type: string, default: d}\n  typed: {type: string}\n  e:secret: {value: s, secret: true}\n"
    )
    assert project(pulumi, auth="").stacks["auth"] == {
        "a:plain": 5,
        "b:list": [1],
        "c:value": {"x": 1},
        "demo:own": "d",
        "e:secret": "s",
    }


DECLARED = {
    "aws:x: {default: y}": "only a key of the project itself has a type or a default",
    "aws:x: {type: string}": "only a key of the project itself has a type or a default",
    "demo:n: {type: string, default: 5}": "the default is not of the type string",
    "n: {type: integer, default: 5.5}": "the default is not of the type integer",
    "n: {type: integer, default: true}": "the default is not of the type integer",
    "n: {type: boolean, default: 1}": "the default is not of the type boolean",
    "n: {type: object, default: [1]}": "the default is not of the type object",
    "n: {type: array, default: [a]}": "an array needs the type of its items",
    "n: {type: array, items: {type: integer}, default: [a]}": "the default is not of the type array",
    "n: {type: strnig, default: x}": "a type is one of string, integer, boolean, array, object",
    "n: {value: x, default: y}": "cannot have both a default and a value",
    "n: {value: x, extra: y}": "a key is declared by type, items, description, secret, default, value",
    "n: null": "must be a text, a whole number, true or false, or a list",
    "n: 1.5": "must be a text, a whole number, true or false, or a list",
    "aws:x: 2012-01-02": "must be a text, a whole number, true or false, or a list",
    "1: x": "a key must be a text",
}
"""A line of a project's config that the CLI refuses, and why."""
TAKEN = (
    "n: {type: integer, default: '5'}",
    "n: {type: integer, default: 5.0}",
    "n: {type: boolean, default: 'true'}",
    "n: {type: array, items: {type: array, items: {type: string}}, default: [[a]]}",
    "n: {type: object, default: {a: 1}}",
    "n: {type: string, description: x, secret: true}",
    "aws:x: {value: 1.5, secret: true}",
    "aws:x: [1]",
)


@pytest.mark.parametrize("line", DECLARED)
def test_what_the_cli_does_not_take_of_a_declared_key_is_refused(project, line):
    with pytest.raises(SettingsError, match=r"^Pulumi\.yaml: \S+: ") as caught:
        project(f"name: demo\nruntime: python\nconfig:\n  {line}\n", auth="config: {}")
    assert DECLARED[line] in str(caught.value)


@pytest.mark.parametrize("line", TAKEN)
def test_what_the_cli_takes_of_a_declared_key_is_taken(project, line):
    project(f"name: demo\nruntime: python\nconfig:\n  {line}\n", auth="config: {}")


@pytest.mark.engine
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs the pulumi CLI on the PATH")
@pytest.mark.parametrize("line", [*DECLARED, *TAKEN])
def test_so_does_the_cli(tmp_path, line):
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text(f"name: demo\nruntime: python\nconfig:\n  {line}\n")
    (project / "Pulumi.auth.yaml").write_text("config: {}\n")
    if line in TAKEN:
        pulumi(tmp_path, project, "config", "--json", "--stack", "auth")
        return
    with pytest.raises(subprocess.CalledProcessError):
        pulumi(tmp_path, project, "config", "--json", "--stack", "auth")


def test_a_key_in_both_of_its_forms_is_refused(project):
    """The engine took either, as it happened."""
    with pytest.raises(SettingsError, match=r"Pulumi.yaml: size: is the same key as .*, got \"demo:size\"; keep one"):
        project("name: demo\nruntime: python\nconfig: {size: 1, demo:size: 2}\n", auth="config: {}")


def test_a_value_that_is_nothing_is_not_given(project):
    pulumi = "name: demo\nconfig:\n  own: {value: null, default: d}\n  none: {default: null}\n  no: {default: false}\n"
    assert project(pulumi, auth="").stacks["auth"] == {"demo:own": "d", "demo:no": False}


def test_encrypted_values_of_others_stay_as_they_are(project):
    found = project(auth=AUTH + "  aws:secretKey: {secure: v1:xyz}\n")
    assert found.stacks["auth"]["aws:secretKey"] == {"secure": "v1:xyz"}
    assert found.settings("auth").account == "auth"


def test_main_is_relative_to_the_project(project, tmp_path):
    assert project("name: demo\nmain: ../../", auth="").main == tmp_path.resolve().parents[1]


def test_a_project_without_config_or_stacks(project):
    assert project("name: demo").stacks == {}


def test_problems_are_placed_in_the_file_that_holds_the_value(project):
    pulumi = PROJECT.replace('"222222222222"', '"2222"')
    with pytest.raises(SettingsError) as caught:
        project(pulumi, auth=AUTH + "  crossaccount:reads: [nobody]\n").settings("auth")
    assert [problem.where for problem in caught.value.problems] == [
        "Pulumi.yaml: accounts.workload.id",
        "Pulumi.auth.yaml: reads[0]",
    ]


def test_a_folder_without_a_project(tmp_path):
    with pytest.raises(SettingsError) as caught:
        read_project(tmp_path)
    assert lines(caught) == [f"{tmp_path}: has no Pulumi.yaml; name a folder that has one"]


def test_a_folder_without_a_project_names_those_below(tmp_path):
    for name in ("a b", "mine", "empty"):
        (tmp_path / name).mkdir()
    for name in ("a b", "mine"):
        (tmp_path / name / "Pulumi.yaml").write_text("name: mine\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_project(tmp_path)
    fix = f"--dir '{tmp_path / 'a b'}' or --dir {tmp_path / 'mine'}"
    assert lines(caught) == [f"{tmp_path}: has no Pulumi.yaml; name a folder that has one: {fix}"]


def test_a_stack_that_does_not_exist(project):
    with pytest.raises(SettingsError) as caught:
        project(auth=AUTH).settings("atuh")
    assert lines(caught) == ['Pulumi.atuh.yaml: no such stack in the project, got "atuh"; did you mean `auth`?']


def test_yaml_errors_of_all_files_come_together_with_their_lines(project):
    with pytest.raises(SettingsError) as caught:
        project(auth="config:\n  a:b: [1\n", test="config:\n  a:b: 1\n  a:b: 2\n", workload="- list\n")
    assert lines(caught) == [
        "Pulumi.auth.yaml:3: not YAML: did not find expected ',' or ']'; correct the line",
        'Pulumi.test.yaml:3: the key occurs twice in one mapping, got "a:b"; keep one of the two',
        'Pulumi.workload.yaml: must be a mapping, got ["list"]; write `key: value` lines',
    ]


def test_a_project_file_that_is_not_yaml(project):
    with pytest.raises(SettingsError) as caught:
        project("name: demo\nconfig: [")
    assert lines(caught) == ["Pulumi.yaml:3: not YAML: did not find expected node content; correct the line"]


def test_a_mapping_in_the_project_must_stand_under_value(project):
    with pytest.raises(SettingsError) as caught:
        project('name: demo\nconfig:\n  crossaccount:accounts: {auth: {id: "111111111111"}}')
    assert lines(caught) == [
        "Pulumi.yaml: crossaccount:accounts: a mapping in Pulumi.yaml must be under value:, "
        'got {"auth": {"id": "111111111111"}}; write crossaccount:accounts: {value: …}'
    ]


def test_keys_of_a_stack_need_their_namespace(project):
    with pytest.raises(SettingsError) as caught:
        project(auth="config: {account: auth, region: x, other: y}")
    assert lines(caught) == [
        "Pulumi.auth.yaml: account: a key of a stack's config needs its namespace; write `crossaccount:account`",
        "Pulumi.auth.yaml: region: a key of a stack's config needs its namespace; write `aws:region`",
        "Pulumi.auth.yaml: other: a key of a stack's config needs its namespace; "
        "write <namespace>:<key>, such as crossaccount:account",
    ]


def test_included_files_are_relative_to_the_project(project, tmp_path):
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "ops.yaml").write_text("trusted: {users: {bo: {}}}", encoding="utf-8")
    settings = project(auth=AUTH + "  crossaccount:include: [people/*.yaml]\n").settings("auth")
    assert list(settings.trusted.users) == ["bo"]


def test_files_that_are_not_text(project, tmp_path):
    (tmp_path / "Pulumi.auth.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError) as caught:
        project()
    assert lines(caught) == ["Pulumi.auth.yaml: is not UTF-8 text; save it as UTF-8"]


SCALARS = """name: demo
runtime: yaml
"""
STACK = """config:
  x:m:
    {a: yes, b: 012345670123, c: 098765432109, d: 2012-10-17, e: 1:30, f: 12e4, g: 0o17, h: on, i: 111111111111,
     k: 1_000, l: 1e1e1e, m: 000000, n: .5, o: 08, p: 2027-01-31T00:00:00Z, q: 1.1e11, r: true, s: ~, t: "012345670123"}
"""


@pytest.mark.engine
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs the pulumi CLI on the PATH")
def test_values_are_what_the_pulumi_cli_makes_of_them(tmp_path):
    """But for dates, which the CLI turns into texts of its own; ours stay dates, and both are refused."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text(SCALARS, encoding="utf-8")
    (project / "Pulumi.auth.yaml").write_text(STACK, encoding="utf-8")
    ours = read_project(project).stacks["auth"]["x:m"]
    theirs = json.loads(pulumi(tmp_path, project, "config", "--json", "--stack", "auth"))["x:m"]["objectValue"]
    assert theirs.pop("d") == "2012-10-17 00:00:00 +0000 UTC"
    assert theirs.pop("p") == "2027-01-31 00:00:00 +0000 UTC"
    assert {key: value for key, value in ours.items() if key not in ("d", "p")} == theirs


def pulumi(home, project, *arguments):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PULUMI_HOME": str(home / "pulumi"),
        "PULUMI_BACKEND_URL": f"file://{home}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    subprocess.run(
        ["pulumi", "stack", "init", "auth"], cwd=project, env=environment, check=True, capture_output=True, timeout=60
    )
    return subprocess.run(
        ["pulumi", *arguments], cwd=project, env=environment, check=True, capture_output=True, text=True, timeout=60
    ).stdout


def test_a_file_that_says_no_account_is_reported_its_own(tmp_path):
    book = '{people: {id: "111111111111", stack: people}, prod: {id: "222222222222", stack: org/p/prod}}'
    text = f"name: p\nruntime: python\nconfig:\n  crossaccount:accounts:\n    value: {book}\n"
    (tmp_path / "Pulumi.yaml").write_text(text)
    (tmp_path / "Pulumi.prod.yaml").write_text("config: {}\n")
    with pytest.raises(SettingsError) as refused:
        read_project(tmp_path).settings("prod")
    assert "Pulumi.prod.yaml: account: is required; add crossaccount:account: prod" in str(refused.value).splitlines()


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("stackConfigDir", "cfg", "the stacks' files of another folder are not reviewed"),
        ("StackConfigDir", "cfg", "the stacks' files of another folder are not reviewed"),
        ("config", "cfg", "must be a mapping"),
        ("plugins", "{providers: [{name: aws, path: ./bin}]}", "the engine would run executables that it names"),
        ("packages", "{own: ./provider}", "the engine would run a provider of the project's folder"),
        ("packages", "{own: {source: /tmp/provider}}", "the engine would run a provider of the project's folder"),
        ("Main", "elsewhere", "unknown key"),
    ],
)
def test_what_the_engine_would_obey_and_nobody_reviews_is_refused_by_name(project, key, value, line):
    with pytest.raises(SettingsError) as refused:
        project(f"name: demo\nruntime: python\n{key}: {value}\n", auth=AUTH)
    where = "packages.own" if key == "packages" else key
    assert [each.where for each in refused.value.problems] == [f"Pulumi.yaml: {where}"]
    assert line in str(refused.value)


@pytest.mark.parametrize("key", ["aws:defaultTags.tags.team", 'aws:defaultTags["tags"]', "aws:allowedAccountIds[0]"])
def test_a_path_into_a_value_is_refused_in_the_projects_config(project, key):
    with pytest.raises(SettingsError) as refused:
        project(PROJECT + f"  {key}: {{value: ops}}\n", auth=AUTH)
    assert lines(refused) == [
        f"Pulumi.yaml: {key}: the engine takes this key for a path into another value;"
        " write the whole value in one place"
    ]


def test_the_old_form_of_a_key_is_refused(project):
    with pytest.raises(SettingsError) as refused:
        project(PROJECT + "  aws:config:region: {value: x}\n", auth=AUTH + "  aws:config:defaultTags: {}\n  a:b:c: 1\n")
    assert lines(refused) == [
        "Pulumi.yaml: aws:config:region: a key of a config has one colon; write `aws:region`",
        "Pulumi.auth.yaml: aws:config:defaultTags: a key of a config has one colon; write `aws:defaultTags`",
        "Pulumi.auth.yaml: a:b:c: a key of a config has one colon; write <namespace>:<key>, with one colon",
    ]


def test_an_environment_is_refused_by_name_in_each_stack(project):
    with pytest.raises(SettingsError) as refused:
        project(auth=AUTH + "environment: [prod]\n", workload="environment: {values: {}}\n")
    assert [each.where for each in refused.value.problems] == [
        "Pulumi.auth.yaml: environment",
        "Pulumi.workload.yaml: environment",
    ]


def test_keys_that_say_nothing_and_published_packages_are_fine(project):
    more = "plugins: {}\npackages: {random: terraform-provider@hashicorp/random}\noptions: {refresh: always}\n"
    assert set(project(PROJECT + more, auth=AUTH + "environment:\n").stacks) == {"auth"}


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("Pulumi.json", "the engine would run this file, which is not reviewed; write it as Pulumi.yaml"),
        ("Pulumi.auth.json", "the engine does not read this file next to Pulumi.yaml; write it as Pulumi.auth.yaml"),
        ("Pulumi.prod.yml", "the engine does not read this file next to Pulumi.yaml; write it as Pulumi.prod.yaml"),
        ("Pulumi.yml", "the engine does not read this file next to Pulumi.yaml; write it as Pulumi.yaml"),
    ],
)
def test_files_of_another_form_are_refused(project, tmp_path, file, line):
    (tmp_path / file).write_text("{}")
    with pytest.raises(SettingsError) as refused:
        project(auth=AUTH)
    assert [str(each).partition(", or remove")[0] for each in refused.value.problems] == [f"{file}: {line}"]


def test_a_project_of_another_form_alone(tmp_path):
    (tmp_path / "Pulumi.yml").write_text(PROJECT)
    with pytest.raises(SettingsError, match=r"Pulumi.yml: the engine would run this file"):
        read_project(tmp_path)


@pytest.mark.parametrize(("name", "why"), [("x" * 5000, "File name too long"), ("loop", "Too many levels")])
def test_a_folder_that_cannot_be_looked_at_is_told(tmp_path, name, why):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(SettingsError, match=rf"cannot be read \({why}.*\); name the folder of Pulumi.yaml"):
        read_project(tmp_path / name)


@pytest.mark.parametrize("stack", ["--no-select", "-x", "", "a b", "é", ".x", "x" * 101])
def test_a_stack_has_a_name_that_the_cli_takes_for_one(project, stack):
    with pytest.raises(SettingsError, match=r"not the name of a stack, got") as refused:
        project(**{stack: "config: {}"})
    assert [each.where for each in refused.value.problems] == [f"Pulumi.{stack}.yaml"]


def test_a_project_above_is_named(project, tmp_path):
    project(auth=AUTH)
    (tmp_path / "deep").mkdir()
    with pytest.raises(SettingsError) as refused:
        read_project(tmp_path / "deep")
    above = tmp_path.resolve()
    assert lines(refused) == [f"{tmp_path / 'deep'}: has no Pulumi.yaml; name the folder that has one: {above}"]


@pytest.mark.engine
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs the pulumi CLI on the PATH")
def test_the_cli_takes_the_files_of_another_folder_where_a_project_is_refused(tmp_path):
    project = tmp_path / "project"
    (project / "cfg").mkdir(parents=True)
    (project / "Pulumi.yaml").write_text("name: demo\nruntime: python\nstackConfigDir: cfg\n")
    (project / "Pulumi.auth.yaml").write_text("config: {x:k: reviewed}\n")
    (project / "cfg" / "Pulumi.auth.yaml").write_text("config: {x:k: taken}\n")
    assert pulumi(tmp_path, project, "config", "get", "x:k", "--stack", "auth").strip() == "taken"
    with pytest.raises(SettingsError, match="stackConfigDir"):
        read_project(project)


@pytest.mark.engine
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs the pulumi CLI on the PATH")
def test_the_cli_takes_json_before_yaml(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (project / "Pulumi.json").write_text('{"name": "demo", "runtime": "python"}')
    (project / "Pulumi.auth.yaml").write_text("config: {x:k: reviewed}\n")
    (project / "Pulumi.auth.json").write_text('{"config": {"x:k": "taken"}}')
    assert pulumi(tmp_path, project, "config", "get", "x:k", "--stack", "auth").strip() == "taken"
    with pytest.raises(SettingsError, match=r"Pulumi\.json: the engine would run this file"):
        read_project(project)


@pytest.mark.engine
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs the pulumi CLI on the PATH")
def test_the_cli_takes_other_keys_for_the_same(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: demo\nruntime: python\nconfig: {'x:k.team': {value: ops}}\n")
    (project / "Pulumi.auth.yaml").write_text("config: {'x:k': {role: a}, 'x:config:l': old}\n")
    with pytest.raises(SettingsError) as refused:
        read_project(project)
    assert [each.where for each in refused.value.problems] == [
        "Pulumi.yaml: x:k.team",
        "Pulumi.auth.yaml: x:config:l",
    ]
    taken = json.loads(pulumi(tmp_path, project, "config", "--json", "--stack", "auth"))
    assert taken["x:k"]["objectValue"] == {"role": "a", "team": "ops"}
    assert taken["x:l"]["value"] == "old"


@pytest.mark.engine
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs the pulumi CLI on the PATH")
def test_values_are_to_the_cli_what_they_are_here(tmp_path):
    values = [
        "yes",
        "017",
        "0X1F",
        "0B1",
        "0O7",
        "+_1",
        "-_1",
        "1__",
        "0_x1F",
        "0x_",
        "0b_",
        "-09",
        "+08",
        ".5_0",
        "._5",
        "5._",
        "1_e5",
        "1e+_5",
        "+._5",
        "2001-1-1",
        "1e400",
        "18446744073709551616",
        "-9223372036854775809",
        "0x1ffffffffffffffff",
        "12345678901234567e5",
        "=",
        "2001-01-01T1:2:3",
    ]
    merged = 'm: {"<<": {a: 1}, b: 2}\n  x:n: {!!merge a: {b: 1}}\n  x:o: {true: 1, No: 2, 0x10: 3}\n'
    lines = "".join(f"  x:k{index}: {value}\n  x:l{index}: [{value}]\n" for index, value in enumerate(values))
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: demo\nruntime: python\nconfig: {a: {value: null, default: 2}}\n")
    (project / "Pulumi.auth.yaml").write_text(f"config:\n{lines}  x:{merged}")
    taken = json.loads(pulumi(tmp_path, project, "config", "--json", "--stack", "auth"))
    read = read_project(project).stacks["auth"]
    assert differences(prints(read), {key: each["value"] for key, each in taken.items()}) == ()
