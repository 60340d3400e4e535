"""Topics that learn from examples which stories belong to them.

    [Example] --train--> TopicModel --predict(texts)--> [Prediction] for each text
              dump / load: the model as bytes, for the store

Only title and summary are used. scikit-learn and WordLlama are an optional extra, so only commands
that learn import this package.
"""

from aggregator.ingest.categorize.learned.train import Example, TrainingResult, train
from aggregator.ingest.categorize.learned.weights import Prediction, TopicModel, load

__all__ = ["Example", "Prediction", "TopicModel", "TrainingResult", "load", "train"]
