"""FAISS: exact, graphs, inverted files, and binary indexes."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

from bench.dataset import Array, DataSet
from bench.filters import Filter
from bench.method import EF, GRAPHS, Method, NotHereError, Parameters, list_counts, unit

# The sweep ends where recall is nearly full, or with all lists.
PROBES = (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048)


class _Faiss(Method):
    """What the index types of FAISS have in common."""

    package = "faiss-cpu"
    module = "faiss"

    def factory(self, data: DataSet, **parameters: Any) -> str:
        """The index as FAISS's factory string."""
        raise NotImplementedError

    def convert(self, data: DataSet, rows: Array) -> Array:
        # Cosine is the inner product of unit vectors.
        return unit(rows) if data.metric == "cosine" else rows

    def adjust(self, **parameters: Any) -> None:
        """Set build parameters that the factory string has no word for."""

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        import faiss

        metric = faiss.METRIC_L2 if data.metric == "l2" else faiss.METRIC_INNER_PRODUCT
        faiss.omp_set_num_threads(threads)
        self.index = faiss.index_factory(data.dim, self.factory(data, **parameters), metric)
        self.adjust(**parameters)
        rows = data.base
        if not self.index.is_trained:
            self.index.train(rows)
        self.index.add(rows)
        faiss.omp_set_num_threads(1)

    def configure(self, k: int, **parameters: Any) -> None:
        import faiss

        self.k = k
        faiss.omp_set_num_threads(1)
        self.search_parameters = self.parameters(**parameters)

    def parameters(self, **parameters: Any) -> Any:
        """FAISS's object of search parameters."""
        return None

    def search(self, query: Array) -> Array:
        found = self.index.search(query[None], self.k, params=self.search_parameters)
        return np.asarray(found[1][0])

    def search_batch(self, queries: Array, threads: int) -> Array:
        import faiss

        faiss.omp_set_num_threads(threads)
        found = self.index.search(queries, self.k, params=self.search_parameters)[1]
        faiss.omp_set_num_threads(1)
        return np.asarray(found)

    def save(self, path: pathlib.Path) -> None:
        import faiss

        faiss.write_index(self.index, str(path))

    def open(self, path: pathlib.Path) -> None:
        import faiss

        self.index = faiss.read_index(str(path))

    def prepare(self, filter: Filter) -> Any:
        import faiss

        return faiss.IDSelectorBitmap(np.packbits(filter.mask, bitorder="little"))

    def search_filtered(self, query: Array, prepared: Any) -> Array:
        parameters = self.search_parameters
        parameters.sel = prepared
        return np.asarray(self.index.search(query[None], self.k, params=parameters)[1][0])


class FaissFlat(_Faiss):
    name = "faiss-flat"
    suites = frozenset({"exact", "filtered"})
    exact = True

    def factory(self, data: DataSet, **parameters: Any) -> str:
        return "Flat"

    def parameters(self, **parameters: Any) -> Any:
        import faiss

        return faiss.SearchParameters()


class FaissHnsw(_Faiss):
    name = "faiss-hnsw"
    suites = frozenset({"plain", "filtered"})
    storage = "Flat"

    def grid(self, data: DataSet) -> list[Parameters]:
        return list(GRAPHS)

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [{"efSearch": ef} for ef in EF if ef >= k]

    def factory(self, data: DataSet, **parameters: Any) -> str:
        return f"HNSW{parameters['M']},{self.storage}"

    def adjust(self, **parameters: Any) -> None:
        self.index.hnsw.efConstruction = parameters["ef_construction"]

    def parameters(self, **parameters: Any) -> Any:
        import faiss

        return faiss.SearchParametersHNSW(efSearch=parameters["efSearch"])

    def counters(self) -> dict[str, float]:
        import faiss

        stats = faiss.cvar.hnsw_stats
        queries, distances, hops = stats.n1, stats.ndis, stats.nhops
        stats.reset()
        return {"distances": distances / queries, "hops": hops / queries} if queries else {}


class FaissHnswSq(FaissHnsw):
    name = "faiss-hnsw-sq8"
    suites = frozenset({"plain"})
    storage = "SQ8"


class _FaissIvf(_Faiss):
    def grid(self, data: DataSet) -> list[Parameters]:
        return [{"nlist": count} for count in list_counts(len(data.base))]

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        lists = build["nlist"]
        return [{"nprobe": each} for each in (*(few for few in PROBES if few < lists), lists)]

    def parameters(self, **parameters: Any) -> Any:
        import faiss

        return faiss.SearchParametersIVF(nprobe=parameters["nprobe"])


class FaissIvfFlat(_FaissIvf):
    name = "faiss-ivf"
    suites = frozenset({"plain", "filtered"})

    def factory(self, data: DataSet, **parameters: Any) -> str:
        return f"IVF{parameters['nlist']},Flat"


class _FaissRefined(_FaissIvf):
    """Codes in inverted lists, the best re-ranked by the original vectors."""

    codes: str

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [
            {"nprobe": probes, "k_factor": factor}
            for probes, factor in ((1, 4), (2, 4), (4, 8), (8, 8), (16, 8), (16, 16), (32, 16),
                                   (64, 16), (64, 32), (128, 32), (256, 32), (256, 64), (512, 64),
                                   (1024, 128), (build["nlist"], 128))
            if probes <= build["nlist"]
        ]  # fmt: skip

    def factory(self, data: DataSet, **parameters: Any) -> str:
        return f"IVF{parameters['nlist']},{self.codes.format(data.dim // 2)},RFlat"

    def parameters(self, **parameters: Any) -> Any:
        import faiss

        inner = faiss.SearchParametersIVF(nprobe=parameters["nprobe"])
        return faiss.IndexRefineSearchParameters(
            k_factor=parameters["k_factor"], base_index_params=inner
        )


class FaissIvfPqFastScan(_FaissRefined):
    name = "faiss-ivf-pq-fs"
    codes = "PQ{}x4fs"


class FaissIvfRaBitQ(_FaissRefined):
    """RaBitQ wants its vectors rotated at random first."""

    name = "faiss-ivf-rabitq"

    def grid(self, data: DataSet) -> list[Parameters]:
        counts = list_counts(len(data.base))
        return [
            {"nlist": count, "codes": each} for each in ("RaBitQfs", "RaBitQ") for count in counts
        ]

    def factory(self, data: DataSet, **parameters: Any) -> str:
        return f"RR{data.dim},IVF{parameters['nlist']},{parameters['codes']},RFlat"

    def parameters(self, **parameters: Any) -> Any:
        import faiss

        inner = faiss.SearchParametersPreTransform(
            index_params=faiss.SearchParametersIVF(nprobe=parameters["nprobe"])
        )
        return faiss.IndexRefineSearchParameters(
            k_factor=parameters["k_factor"], base_index_params=inner
        )


class _FaissBinary(_Faiss):
    suites = frozenset({"hashing"})
    metrics = frozenset({"hamming"})

    def search(self, query: Array) -> Array:
        return np.asarray(self.index.search(query[None], self.k)[1][0])

    def search_batch(self, queries: Array, threads: int) -> Array:
        import faiss

        faiss.omp_set_num_threads(threads)
        found = self.index.search(queries, self.k)[1]
        faiss.omp_set_num_threads(1)
        return np.asarray(found)

    def make(self, dim: int, **parameters: Any) -> Any:
        """Return the empty index."""
        raise NotImplementedError

    def build(self, data: DataSet, threads: int, **parameters: Any) -> None:
        import faiss

        faiss.omp_set_num_threads(threads)
        self.index = self.make(data.dim, **parameters)
        self.index.add(data.base)
        faiss.omp_set_num_threads(1)

    def parameters(self, **parameters: Any) -> Any:
        for name, value in parameters.items():
            owner = self.index.hnsw if name == "efSearch" else self.index
            setattr(owner, name, value)

    def save(self, path: pathlib.Path) -> None:
        import faiss

        faiss.write_index_binary(self.index, str(path))

    def open(self, path: pathlib.Path) -> None:
        import faiss

        self.index = faiss.read_index_binary(str(path))


class FaissBinaryFlat(_FaissBinary):
    name = "faiss-binary-flat"
    exact = True

    def make(self, dim: int, **parameters: Any) -> Any:
        import faiss

        return faiss.IndexBinaryFlat(dim)


class FaissBinaryHnsw(_FaissBinary):
    name = "faiss-binary-hnsw"

    def grid(self, data: DataSet) -> list[Parameters]:
        return list(GRAPHS)

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [{"efSearch": ef} for ef in EF if ef >= k]

    def make(self, dim: int, **parameters: Any) -> Any:
        import faiss

        index = faiss.IndexBinaryHNSW(dim, parameters["M"])
        index.hnsw.efConstruction = parameters["ef_construction"]
        return index


class FaissBinaryHash(_FaissBinary):
    name = "faiss-binary-hash"

    def grid(self, data: DataSet) -> list[Parameters]:
        return [{"bits": 12}, {"bits": 16}]

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [{"nflip": flips} for flips in (0, 1, 2, 3, 4)]

    def make(self, dim: int, **parameters: Any) -> Any:
        import faiss

        return faiss.IndexBinaryHash(dim, parameters["bits"])


class FaissBinaryMultiHash(_FaissBinary):
    name = "faiss-binary-multihash"

    def grid(self, data: DataSet) -> list[Parameters]:
        return [{"tables": 4, "bits": 16}]

    def sweep(self, data: DataSet, build: Parameters, k: int) -> list[Parameters]:
        return [{"nflip": flips} for flips in (0, 1, 2, 3)]

    def make(self, dim: int, **parameters: Any) -> Any:
        import faiss

        if parameters["tables"] * parameters["bits"] > dim:
            raise NotHereError(f"{dim} bits are too few for {parameters}")
        return faiss.IndexBinaryMultiHash(dim, parameters["tables"], parameters["bits"])
