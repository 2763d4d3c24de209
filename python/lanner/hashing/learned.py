"""Families that learn from vectors, and from labels where there are some."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner._arguments import to_int, to_number
from lanner._core import InvalidArgumentError, WrongTypeError
from lanner.hashing.family import ValueHash, to_code_bits
from lanner.progress import Progress

_Self = TypeVar("_Self", bound="LearnedHash")


class LearnedHash(ValueHash):
    """What families that learn share.

    Of more than 65,536 rows, that many drawn at random are used. The same vectors, parameters and
    seed give the same codes, bit for bit, on any number of threads.
    """

    __slots__ = ()

    def __init__(self, bits: int) -> None:
        self._bits = to_code_bits(bits)
        self._learnt = None

    def _learn(
        self: _Self,
        vectors: Any,
        labels: Any,
        parameters: dict[str, Any],
        seed: int,
        threads: int | None,
        progress: Progress,
    ) -> _Self:
        whole = {**parameters, "bits": self._bits}

        def learn(array: NDArray[np.float32], *rest: Any) -> _core.HashFamily:
            numbers, classes = (None, 0) if labels is None else to_classes(labels, len(array))
            return _core.fit_hash(array, numbers, classes, whole, *rest)

        self._learnt, _ = self._fit(vectors, seed, threads, progress, learn)
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}(bits={self.bits})"


def to_classes(labels: Any, rows: int) -> tuple[NDArray[np.uint32], int]:
    """Return the number of each row's class, and how many classes there are."""
    if isinstance(labels, np.ma.MaskedArray):
        raise WrongTypeError("labels must not be a masked array: fill or drop masked places first")
    array = np.asarray(labels)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InvalidArgumentError("labels must be finite, got NaN or infinity")
    if array.dtype.kind not in "biufUSO":
        raise WrongTypeError(f"labels must be integers, str or bool, got {array.dtype.name}")
    if array.ndim != 1 or len(array) != rows:
        raise InvalidArgumentError(
            f"labels must be one a vector, {rows}, got an array of shape {array.shape}"
        )
    try:
        values, numbers = np.unique(array, return_inverse=True)
    except TypeError:
        raise WrongTypeError("labels must be of one type, got several that do not sort") from None
    return numbers.reshape(-1).astype(np.uint32), len(values)


class PCASign(LearnedHash, kind="pca"):
    """Signs along the axes of greatest variance, about the mean.

    Parameters
    ----------
    bits : int
        A multiple of 8, at most the dimension of the vectors.

    Examples
    --------
    >>> import numpy as np
    >>> from lanner.hashing import PCASign
    >>> vectors = np.random.default_rng(0).standard_normal((500, 32)).astype(np.float32)
    >>> pca = PCASign(bits=16).fit(vectors)
    >>> pca.encode(vectors).shape
    (500, 2)
    """

    __slots__ = ()

    def fit(
        self,
        vectors: Any,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: Progress = None,
    ) -> PCASign:
        """Learn from vectors, replacing what was learnt before, and return the hash itself.

        Parameters
        ----------
        vectors : array_like of float, shape (n, dim)
        seed : int
        threads : int, optional
            Changes speed, never codes.
        progress : bool or callable, optional
            True shows a bar. A callable gets ``(done, total)`` from time to time; an exception from
            it, or Ctrl-C, stops the work and leaves the hash as it was.

        Raises
        ------
        InvalidArgumentError
            Fewer than 2 rows or than `bits` features, NaN or infinity (the row is named).
        """
        return self._learn(vectors, None, {"kind": "pca"}, seed, threads, progress)


class ITQ(LearnedHash, kind="itq"):
    """Iterative quantization: principal axes, turned so that projections lie near their signs.

    Gong and Lazebnik: Iterative Quantization, CVPR 2011.

    Parameters
    ----------
    bits : int
        A multiple of 8, at most the dimension of the vectors.
    """

    __slots__ = ()

    def fit(
        self,
        vectors: Any,
        *,
        rounds: int = 50,
        seed: int = 0,
        threads: int | None = None,
        progress: Progress = None,
    ) -> ITQ:
        """Learn from vectors, replacing what was learnt before, and return the hash itself.

        Parameters
        ----------
        vectors : array_like of float, shape (n, dim)
        rounds : int
            Turns between codes and rotation.
        seed, threads, progress
            As those of `PCASign.fit`.

        Raises
        ------
        InvalidArgumentError
            Fewer than 2 rows or than `bits` features, NaN or infinity (the row is named).
        """
        rounds = to_int(rounds, "rounds", 0, 1_000_000)
        parameters = {"kind": "itq", "rounds": rounds}
        return self._learn(vectors, None, parameters, seed, threads, progress)


class Spectral(LearnedHash, kind="spectral"):
    """Spectral hashing: signs of the smoothest waves within a box along the principal axes.

    Wide axes get several bits, narrow ones none. Vectors outside of the box that was learnt go on
    along the wave (Weiss, Torralba, Fergus: Spectral Hashing, NeurIPS 2008).

    Parameters
    ----------
    bits : int
        A multiple of 8 from 8 to 65,536.
    """

    __slots__ = ()

    def fit(
        self,
        vectors: Any,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: Progress = None,
    ) -> Spectral:
        """Learn from vectors, replacing what was learnt before, and return the hash itself.

        Parameters
        ----------
        vectors : array_like of float, shape (n, dim)
        seed, threads, progress
            As those of `PCASign.fit`.

        Raises
        ------
        InvalidArgumentError
            Fewer than 2 rows, rows that are all equal, NaN or infinity (the row is named).
        """
        return self._learn(vectors, None, {"kind": "spectral"}, seed, threads, progress)


class SDH(LearnedHash, kind="sdh"):
    """Supervised discrete hashing with a linear hash: codes that tell the label.

    Minimises ``|Y - B W|^2 + lambda_ |W|^2 + nu |B - F(X)|^2`` in turns over the classifier W,
    codes B and the hash ``F(x) = P (x - mean) + offset``; Y holds a 1 for the class of each row
    (Shen, Shen, Liu, Shen: Supervised Discrete Hashing, CVPR 2015, with F linear in the vectors
    instead of in kernel features).

    Parameters
    ----------
    bits : int
        A multiple of 8 from 8 to 65,536.
    """

    __slots__ = ()

    def fit(
        self,
        vectors: Any,
        labels: Any,
        *,
        rounds: int = 5,
        lambda_: float = 1.0,
        nu: float = 1e-5,
        seed: int = 0,
        threads: int | None = None,
        progress: Progress = None,
    ) -> SDH:
        """Learn from vectors and their labels, and return the hash itself.

        Parameters
        ----------
        vectors : array_like of float, shape (n, dim)
        labels : array_like of int, bool or str, shape (n,)
            The class of each vector; at least two differ.
        rounds : int
            Turns between classifier, codes and hash.
        lambda_, nu : float
            Weights of the formula, as in the paper.
        seed, threads, progress
            As those of `PCASign.fit`.

        Raises
        ------
        InvalidArgumentError
            Fewer than 2 rows or classes, NaN or infinity (the row is named).
        """
        parameters = {
            "kind": "sdh",
            "rounds": to_int(rounds, "rounds", 1, 1_000_000),
            "lambda": to_number(lambda_, "lambda_", 0),
            "nu": to_number(nu, "nu", 0),
        }
        return self._learn(vectors, _given(labels), parameters, seed, threads, progress)


class SNRHash(LearnedHash, kind="snr"):
    """A linear hash that pulls classes together and apart by the SNR distance of its outputs.

    With ``u = W (x - mean)`` and ``d(a, b) = var(b - a) / var(a)`` over the entries of u, it
    minimises over batches the mean of d over pairs of one class, plus the mean of ``max(0, margin -
    d)`` over pairs of two classes, plus ``balance`` times the mean of ``|mean of u|``, plus
    ``quantization`` times the mean of ``(|u| - 1)^2``. The first three terms are the contrastive
    loss of Yuan et al. (Signal-to-Noise Ratio: A Robust Distance Metric for Deep Metric Learning,
    CVPR 2019); the last one keeps u near its signs. For codes of as many ones as zeros d is
    ``4 hamming / bits``. Minimised by Adam, beginning with `ITQ`, or with random planes where
    there are more bits than features.

    Parameters
    ----------
    bits : int
        A multiple of 8 from 8 to 65,536.
    """

    __slots__ = ()

    def fit(
        self,
        vectors: Any,
        labels: Any,
        *,
        steps: int = 600,
        margin: float = 2.0,
        balance: float = 0.1,
        quantization: float = 0.1,
        seed: int = 0,
        threads: int | None = None,
        progress: Progress = None,
    ) -> SNRHash:
        """Learn from vectors and their labels, and return the hash itself.

        Parameters
        ----------
        vectors : array_like of float, shape (n, dim)
        labels : array_like of int, bool or str, shape (n,)
            The class of each vector; at least two differ.
        steps : int
            Batches of 256 vectors.
        margin, balance, quantization : float
            Of the loss above.
        seed, threads, progress
            As those of `PCASign.fit`.

        Raises
        ------
        InvalidArgumentError
            Fewer than 2 rows or classes, NaN or infinity (the row is named).
        """
        parameters = {
            "kind": "snr",
            "steps": to_int(steps, "steps", 1, 1_000_000),
            "margin": to_number(margin, "margin", 0, 1e6),
            "balance": to_number(balance, "balance", 0, 1e6),
            "quantization": to_number(quantization, "quantization", 0, 1e6),
        }
        return self._learn(vectors, _given(labels), parameters, seed, threads, progress)


def _given(labels: Any) -> Any:
    if labels is None:
        raise WrongTypeError("labels must be one a vector, got None")
    return labels
