"""The measures of a run: their names in files and on the command line, and what they say."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Measure:
    """`of` says whether it is the mean of questions or a number of the whole run."""

    name: str
    title: str
    area: Literal["search", "answers", "refusals", "citations", "confidence"]
    of: Literal["question", "run"] = "question"
    better: Literal["higher", "lower"] = "higher"


MEASURES = (
    Measure("ndcg", "nDCG@10", "search"),
    Measure("recall", "Recall@10", "search"),
    Measure("mrr", "MRR@10", "search"),
    Measure("right", "right: answered with every fact (without facts: citing an expected document)", "answers"),
    Measure("facts", "facts contained", "answers"),
    Measure("facts_of_answered", "facts contained, where answered", "answers"),
    Measure("f1", "token F1 against the facts", "answers"),
    Measure("exact", "exact match", "answers"),
    Measure("answered", "answerable questions answered", "refusals"),
    Measure("refused", "unanswerable questions refused", "refusals"),
    Measure("citation_precision", "citations supported, as the fleet's own check says", "citations"),
    Measure("citation_recall", "sentences with a citation", "citations"),
    Measure("citation_expected", "citations of an expected document", "citations"),
    Measure("auroc_right", "AUROC: right answer or not", "confidence", "run"),
    Measure("auroc_answerable", "AUROC: answerable or not", "confidence", "run"),
    Measure("refused_at_95", "unanswerable below the threshold that keeps 95 %", "confidence", "run"),
    Measure("ece", "calibration error: answerable", "confidence", "run", "lower"),
    Measure("ece_right", "calibration error: right, where answered", "confidence", "run", "lower"),
    Measure("aurc", "area under the risk-coverage curve", "confidence", "run", "lower"),
)
BY_NAME = {measure.name: measure for measure in MEASURES}
