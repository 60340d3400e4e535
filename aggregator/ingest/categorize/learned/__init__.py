"""A topic learns from examples which stories may belong to it.

    [Example] --train--> Model --judge(texts)--> how certain, for each topic
              dump / load: bytes, to be kept in the store

Title and teaser are looked at and nothing else. scikit-learn and WordLlama are an extra, so only
commands that learn import this; the program works without it.
"""

from aggregator.ingest.categorize.learned.train import Example, TrainingResult, train
from aggregator.ingest.categorize.learned.weights import Prediction, TopicModel, load

__all__ = ["Example", "Prediction", "TopicModel", "TrainingResult", "load", "train"]
