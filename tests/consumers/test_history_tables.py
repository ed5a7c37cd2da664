"""Tables of an old system: which they are, what in them is refused before anything is written, and what they become."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumers.history_tables import About, NotATable, Table, day_in, moment_in, read_table, reads
from domain.moments import days, parse_date
from tests.making import LAESTAB, SIMS, moment

ABOUT = About(SIMS, None, LAESTAB, moment("2025-10-10 16:00"), moment("2025-10-10 16:00"))


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "t.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def table(folder: Path, text: str | bytes) -> Table:
    return read_table(written(folder, text))


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ("pupil,date,session,code", "marks"),
        ("PersonID,AttendanceDate,SessionName,AttendanceMark,Comments,MinsLate", "marks"),
        ("UPN,Date,Session,Mark", "marks"),
        ("pupil,date,session,old,new,changed_at", "changes"),
        ("Adno,Date,Session,Original mark,New mark,Date changed,Changed by,Reason", "changes"),
        ("pupil,starting_day", "pupils"),
        ("UPN,Forename,Surname,Date of admission,Date of leaving,Reg group", "pupils"),
        ("what,from,to", "calendar"),
        ("SIMS_Display_Code,Statutory_Return_Code", "codes"),
    ],
)
def test_a_table_is_known_by_its_columns_under_the_names_that_systems_give_them(
    tmp_path: Path, columns: str, kind: str
) -> None:
    assert table(tmp_path, columns + "\n").kind == kind


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("pupil,date,session\n1,2022-11-07,AM\n", "has no column code, so it is no table of marks"),
        ("Dan Smith,2022-11-07,AM,/\n", "does not begin with the names of its columns"),
        ("", "does not begin with the names of its columns"),
        ("pupil,date,session,code,code\n", "has two columns code"),
        (b"pupil,starting_day,full_name\n1,2022-09-05,Zo\xeb\n", "is not UTF-8"),
        ("pupil,date,session,code\n".encode("utf-16"), "is not UTF-8"),
        ('pupil,date,session,code\n1,2022-11-07,AM,"/\n', "is no CSV from line"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence_that_repeats_nothing_of_it(
    tmp_path: Path, text: str | bytes, says: str
) -> None:
    with pytest.raises(NotATable, match=says) as refused:
        table(tmp_path, text)
    assert "Smith" not in str(refused.value)


def test_a_table_of_nothing_but_its_columns_has_no_messages_and_covers_no_day(tmp_path: Path) -> None:
    empty = table(tmp_path, "pupil,starting_day\n")
    assert (list(reads(empty, ABOUT)), empty.covers()) == ([], None)


def test_a_column_that_is_not_there_is_empty(tmp_path: Path) -> None:
    pupils = table(tmp_path, "pupil,starting_day\n1,2022-09-05\n2,2023-09-05\n")
    assert list(pupils.column("leaving_on")) == ["", ""]
    first, last = parse_date("2022-09-05"), parse_date("2023-09-05")
    assert first is not None
    assert last is not None
    assert pupils.covers() == (days(first), days(last))


def test_a_byte_order_mark_quotes_and_blanks_around_cells_do_no_harm(tmp_path: Path) -> None:
    marks = table(tmp_path, '\ufeffpupil,date,session,code\r\n"1", 2022-11-07 ,am,"/"\r\n')
    ((said,),) = reads(marks, ABOUT)
    assert said.message is not None
    (row,) = said.message["marks"]
    assert (row["mis_pupil"], row["date"], row["session"], row["code"]) == ("1", "2022-11-07", "AM", "/")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2019-09-04", "2019-09-04"),
        ("04/09/2019", "2019-09-04"),
        ("4/9/2019", "2019-09-04"),
        ("04/09/2019 00:00", "2019-09-04"),
        ("30/02/2019", "2019-02-30"),
        ("09-04-2019", "09-04-2019"),
    ],
)
def test_a_date_is_british_or_the_standards_and_what_is_neither_stays_as_written(text: str, day: str) -> None:
    assert day_in(text) == day


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("04/09/2019 11:05", "2019-09-04 11:05"),
        ("4/9/2019 9:05", "2019-09-04 09:05"),
        ("4/9/2019 9:05:30", "2019-09-04 09:05:30"),
        ("04/09/2019", "2019-09-04"),
    ],
)
def test_a_moment_is_one_on_london_clocks_and_a_date_alone_the_end_of_it(text: str, same: str) -> None:
    assert moment_in(text) == moment(same)


def test_a_moment_in_a_doubtful_hour_is_taken_and_read_as_greenwich_mean_time() -> None:
    assert moment_in("26/10/2025 01:30") == moment("2025-10-26 01:30+00:00")
    assert moment_in("2025-03-30 01:30") == moment("2025-03-30 01:30+00:00")


def test_the_same_table_gives_the_same_messages_again_and_goes_on_after_any_of_them(tmp_path: Path) -> None:
    rows = "".join(f"{n},2022-11-{day:02d},AM,{'/' if n else '-'}\n" for day in range(7, 12) for n in range(3))
    marks = table(tmp_path, "pupil,date,session,code\n" + rows)
    values = [said.delivery.value for batch in reads(marks, ABOUT) for said in batch]
    assert len(set(values)) == len(values) == 10, "of each day the plain marks, and the one that is none"
    for skip in range(11):
        assert [said.delivery.value for batch in reads(marks, ABOUT, skip) for said in batch] == values[skip:]


def test_marks_written_from_parts_are_read_as_they_were_meant(tmp_path: Path) -> None:
    marks = table(tmp_path, "pupil,upn,date,session,code\né7,H801200007018,2022-11-07,PM,\\\n8,,2022-11-07,AM,C1\n")
    ((said,),) = reads(marks, ABOUT)
    assert said.message is not None
    found = [(r["mis_pupil"], r["upn"], r["session"], r["code"], r["detail"]) for r in said.message["marks"]]
    assert found == [("8", None, "AM", "C1", None), ("é7", "H801200007018", "PM", "\\", None)]
    assert (said.message["from"], said.message["whole"], said.message["sent_at"]) == (
        "2022-11-07",
        False,
        ABOUT.exported_at,
    )
