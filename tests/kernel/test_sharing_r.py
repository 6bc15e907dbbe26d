"""Names shared with R cells."""

from __future__ import annotations

import pytest
from session import Session, failed, result, run

pytest.importorskip("rpy2")

pytestmark = [pytest.mark.spark, pytest.mark.r]


def test_a_dataframe_is_a_dplyr_table_and_back(kernel: Session) -> None:
    run(kernel, 'val folk = spark.range(5).toDF("age"); val over = 2')
    run(kernel, "%%r\nsuppressMessages(library(dplyr))")
    assert result(kernel, "%%r\nfolk |> filter(age > over) |> collect() |> nrow()") == "[1] 2"
    run(kernel, "%%r\ngrown <- folk |> filter(age > 3)")
    assert result(kernel, "grown.count()") == "1"
    assert result(kernel, "%%python\ngrown.count()") == "1"
    assert "| 1 " in result(kernel, "%%sql\nselect count(*) n from grown")


def test_the_first_table_of_a_fresh_session(kernel: Session) -> None:
    run(kernel, "%%r\n1")
    run(kernel, "%restart spark")
    run(kernel, "val newborn = spark.range(3).toDF")
    assert result(kernel, "%%r\nnrow(dplyr::collect(newborn))") == "[1] 3"


def test_sql_output_in_r(kernel: Session) -> None:
    run(kernel, "%%sql -o counted\nselect 7 as n")
    assert result(kernel, "%%r\nas.integer(dplyr::collect(counted)$n)") == "[1] 7"


def test_local_tables(kernel: Session) -> None:
    run(kernel, "%%r\nscores_r <- data.frame(city = c('a', 'b', 'a'), n = 1:3)")
    assert result(kernel, 'scores_r.filter($"city" === "a").count()') == "2"
    assert (
        result(kernel, "%%python\nint(scores_r.n.sum()), type(scores_r).__name__")
        == "(6, 'DataFrame')"
    )
    assert "| 3 " in result(kernel, "%%sql\nselect count(*) n from scores_r")
    run(
        kernel,
        'case class Spot(name: String, size: Int)\nval spots = Seq(Spot("x", 1), Spot("y", 2))',
    )
    assert result(kernel, "%%r\nsum(spots$size)") == "[1] 3"
    run(kernel, "%%python\nimport pandas as pd\nframe_p = pd.DataFrame({'a': [1.5, None]})")
    assert result(kernel, "%%r\nframe_p$a") == "[1] 1.5  NA"


def test_the_last_assignment_wins_and_rm_unshares(kernel: Session) -> None:
    run(kernel, "val won = 1")
    assert result(kernel, "%%r\nwon") == "[1] 1"
    run(kernel, "%%r\nwon <- 'two'")
    assert result(kernel, "won.length") == "3"
    assert result(kernel, "%%python\nwon") == "'two'"
    run(kernel, "%%r\nrm(won)")
    ran = failed(kernel, "%%python\nwon")
    assert ran.reply["ename"] == "NameError"
    assert ran.text("stderr") == "won was deleted in R.\n"


def test_a_change_in_place_is_an_assignment_in_r(kernel: Session) -> None:
    run(kernel, "%%r\nslots <- list(a = 1L, b = 2L)")
    assert result(kernel, "%%python\nslots") == "{'a': 1, 'b': 2}"
    run(kernel, "%%r\nslots$c <- 3L")
    assert result(kernel, "%%python\nslots") == "{'a': 1, 'b': 2, 'c': 3}"
    run(kernel, "%%python\nitems_p = [1, 2]")
    assert result(kernel, "%%r\nsum(items_p)") == "[1] 3"
    run(kernel, "%%python\nitems_p.append(3)")
    assert result(kernel, "%%r\nsum(items_p)") == "[1] 6"


def test_functions_of_earlier_cells_see_the_present_version(kernel: Session) -> None:
    run(kernel, "val step = 1")
    run(kernel, "%%r\nstride <- function(n) { twice <- function() 2 * step; n * twice() }")
    assert result(kernel, "%%r\nstride(10)") == "[1] 20"
    run(kernel, "val step = 5")
    assert result(kernel, "%%r\nstride(10)") == "[1] 100"
    assert result(kernel, "%%r\nsapply(1:2, stride)") == "[1] 10 20"


#: What makes a large value, what uses it elsewhere, and what that gives.
LARGE = {
    "Python to Scala": (
        "%%python\nheavy = [float(i) for i in range(2_000_000)]",
        "heavy.size",
        "2000000",
    ),
    "Python to R": (
        "%%python\nheavy = [str(i) for i in range(2_000_000)]",
        "%%r\nlength(heavy)",
        "[1] 2000000",
    ),
    "R to Python": ("%%r\nheavy <- as.character(1:2000000)", "%%python\nlen(heavy)", "2000000"),
    "R to Scala": ("%%r\nheavy <- as.character(1:2000000)", "heavy.size", "2000000"),
    "Scala to R": (
        'val heavy = Seq.tabulate(1000000)("t" + _)',
        "%%r\nlength(heavy)",
        "[1] 1000000",
    ),
}


@pytest.mark.parametrize("pair", LARGE)
def test_a_transfer_that_is_stopped(kernel: Session, pair: str) -> None:
    make, use, result_of_use = LARGE[pair]
    run(kernel, make)

    def stop(message: dict[str, object]) -> None:
        if message["msg_type"] == "execute_input":
            kernel.manager.interrupt_kernel()

    ran = kernel.run(use, during=stop)
    assert ran.status == "error", ran.result
    assert ran.reply["ename"] in ("Interrupted", "KeyboardInterrupt")
    assert result(kernel, use) == result_of_use


def test_columns_formulas_and_parameters_are_no_references(kernel: Session) -> None:
    run(kernel, "val height = 1; val weight = 2")
    run(kernel, "%%r\nd <- data.frame(height = 3, weight = 4); d$height; 'weight' # weight")
    run(kernel, "%%r\n(function(height) height)(1)")
    shown = [line for line in result(kernel, "%shared").splitlines() if "eight" in line]
    assert [line.split("|")[4].strip() for line in shown] == ["Scala", "Scala"]


def test_what_cannot_cross_says_so(kernel: Session) -> None:
    run(kernel, "%%r\nfit <- lm(dist ~ speed, cars)\narea <- function(x) x")
    assert "fit is in R and did not come over: an R object of class lm." in (
        failed(kernel, "%%python\nfit").text("stderr")
    )
    assert "area is in R and did not come over: a function." in failed(kernel, "area(1)").traceback
    run(kernel, "%%python\nimport os\nopened = open(os.devnull)")
    ran = failed(kernel, "%%r\nopened")
    assert "object 'opened' not found" in ran.traceback
    assert "opened is in Python and did not come over: an open file." in ran.traceback


def test_completion_in_r(kernel: Session) -> None:
    run(kernel, "val giraffeFrame = spark.range(1).toDF")
    assert kernel.complete("%%r\ngiraff|")["matches"] == ["giraffeFrame"]


def test_kernel_data_in_r(kernel: Session) -> None:
    run(kernel, "val forR = Seq(1, 2)")
    run(kernel, "%%python\nframeForR = spark.range(3)")
    assert result(kernel, "%%r\nkernel$data$get('forR')") == "[1] 1 2"
    assert result(kernel, "%%r\ndplyr::pull(dplyr::collect(kernel$data$get('frameForR')))") == (
        "[1] 0 1 2"
    )
    run(kernel, "%%r\nkernel$data$put('fromR', 5L)")
    assert result(kernel, "%%r\nkernel$data$get('fromR')") == "[1] 5"
    assert result(kernel, "fromR + 1") == "6"
    run(kernel, "%%python\nfromR = 'newer'")
    assert result(kernel, "%%r\nkernel$data$get('fromR')") == '[1] "newer"'
    assert result(kernel, "%%r\nkernel$data$get('nowhere')") == "NULL"
    assert result(kernel, "%%r\n'forR' %in% kernel$data$names()") == "[1] TRUE"
    assert result(kernel, 'kernel.data.get("fromR")') == "newer"
    run(kernel, "%%r\nkernel$data$remove('fromR')")
    assert "fromR was deleted in R." in failed(kernel, "fromR").traceback


#: A dense and a sparse vector and matrix, and none; and a vector inside other values.
UDTS = """%%python
from pyspark.ml.linalg import Matrices, Vectors
from pyspark.sql import functions as F
udts = spark.createDataFrame([
    (1, Vectors.dense(1.0, 2.5), Matrices.dense(2, 2, [1, 2, 3, 4])),
    (2, Vectors.sparse(4, [1, 3], [7.0, 8.0]), Matrices.sparse(2, 3, [0, 1, 1, 2], [0, 1], [5, 6])),
    (3, None, None),
], ["id", "v", "m"]).orderBy("id")
inside = udts.select(F.array("v").alias("a"), F.struct("v").alias("s"),
                     F.create_map(F.lit("k"), F.col("v")).alias("k"))
inside = inside.limit(2)
"""


def test_vectors_and_matrices(kernel: Session) -> None:
    run(kernel, UDTS)
    run(kernel, "%%r\nudts_r <- dplyr::collect(udts); inside_r <- dplyr::collect(inside)")
    vectors = "identical(udts_r$v, list(c(1, 2.5), c(0, 7, 0, 8), NULL))"
    assert result(kernel, f"%%r\n{vectors}") == "[1] TRUE"
    matrices = "list(matrix(c(1, 2, 3, 4), 2), matrix(c(5, 0, 0, 0, 0, 6), 2), NULL)"
    assert result(kernel, f"%%r\nidentical(udts_r$m, {matrices})") == "[1] TRUE"
    for part in ("a[[2]][[1]]", "s[[2]]$v", "k[[2]]$k"):
        assert result(kernel, f"%%r\ninside_r${part}") == "[1] 0 7 0 8"
    for cell in ("udts", "%%python\nudts", "%%sql\nselect * from udts"):
        shown = result(kernel, cell)
        assert "(4,[1,3],[7.0,8.0])" in shown and "| 1.0 3.0; 2.0 4.0 " in shown


def test_what_r_has_itself_is_not_hidden(kernel: Session) -> None:
    run(kernel, "%%r\nsuppressMessages(library(dplyr)); ours <- function(x) x + 1")
    run(kernel, "%%python\nfilter = 'a'; n = 10; ours = 5; df = 7; starwars = 1")
    few = "%%r\nlist(mtcars) |> lapply(filter, mpg > 30) |> (\\(x) nrow(x[[1]]))()"
    ran = run(kernel, few)
    assert ran.result == "[1] 4"
    assert "Python's filter did not come" in ran.text("stderr")
    assert result(kernel, "%%r\nsapply(1:2, ours)") == "[1] 2 3"
    assert result(kernel, "%%r\nnrow(starwars) > 80") == "[1] TRUE"
    # A package the cell itself attaches counts too.
    run(kernel, "%%python\nxyplot = 3")
    assert result(kernel, "%%r\nlibrary(lattice); class(xyplot)") == '[1] "function"'
    # What R always has, its own global variables hide.
    assert result(kernel, "%%r\ndf") == "[1] 7"
    run(kernel, "%share filter --to r")
    assert result(kernel, "%%r\nfilter") == '[1] "a"'
    run(kernel, "%%r\nrm(filter, ours); detach('package:dplyr'); detach('package:lattice')")
