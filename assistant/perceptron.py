"""A perceptron with one hidden layer: the probability of each class, from a vector."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.classifier import Floats, centred, softmax


@dataclass(frozen=True)
class Perceptron:
    """`inner` are dimensions × hidden, `outer` hidden × classes.

    Before anything is weighed each dimension is multiplied by its `scale`, and `mean` taken off.
    """

    classes: tuple[str, ...]
    scale: Floats
    mean: Floats
    inner: Floats
    inner_bias: Floats
    outer: Floats
    outer_bias: Floats

    def chances(self, vector: Sequence[float]) -> Floats:
        """The probability of each class, in the order of `classes`."""
        scaled = np.asarray([vector], np.float32) * self.scale
        hidden = centred(scaled, self.mean)[0] @ self.inner + self.inner_bias
        return softmax(np.maximum(hidden, 0) @ self.outer + self.outer_bias)

    def save(self, path: Path) -> None:
        """Write everything to one .npz file, in half precision: no probability differs by 0.01."""
        numbers = {name: value.astype(np.float16) for name, value in vars(self).items() if name != "classes"}
        np.savez_compressed(path, classes=np.array(self.classes), **numbers)

    @classmethod
    def load(cls, path: Path) -> "Perceptron":
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as data:
            numbers = {name: data[name].astype(np.float32) for name in data.files if name != "classes"}
            return cls(classes=tuple(data["classes"].tolist()), **numbers)
