// Files looked at without opening an index.
#include <pybind11/stl.h>

#include "bindings/bind.hpp"
#include "kernels/metric.hpp"

namespace lanner::bindings {
namespace {

const char* kind_name(FileKind kind) {
    switch (kind) {
        case FileKind::kIndex:
            return "index";
        case FileKind::kHash:
            return "hash";
        case FileKind::kCodes:
            return "codes";
        case FileKind::kHashTables:
            return "tables of hashes";
        case FileKind::kViews:
            return "views";
        case FileKind::kQuantizer:
            return "quantizer";
    }
    return "";
}

py::dict dict_of(const FileInfo& info) {
    py::list sections;
    for (const SectionInfo& each : info.sections) {
        py::dict section;
        section["name"] = each.name;
        section["offset"] = each.offset;
        section["length"] = each.length;
        section["crc32"] = each.crc32;
        sections.append(section);
    }
    py::dict dict;
    dict["kind"] = kind_name(info.kind);
    dict["version"] = info.version;
    dict["bytes"] = info.bytes;
    dict["sections"] = sections;
    const bool rows = info.kind == FileKind::kCodes || info.kind == FileKind::kHashTables;
    if (rows || info.kind == FileKind::kIndex) dict["size"] = info.size;
    if (info.kind != FileKind::kIndex) return dict;
    dict["dim"] = info.options.dim;
    dict["metric"] = traits(info.options.metric).name;
    dict["dtype"] = element_name(info.options.type);
    dict["graph"] = info.options.graph;
    dict["M"] = info.options.M;
    dict["ef_construction"] = info.options.ef_construction;
    dict["codec"] = codec_of(info.options);
    dict["keep"] = keep_name(info.options);
    dict["seed"] = info.options.seed;
    dict["id_kind"] = info.id_kind == IdKind::kNone ? py::object(py::none())
                                                    : py::object(py::str(info.id_kind == IdKind::kInt ? "int" : "str"));
    return dict;
}

FileInfo without_gil(FileInfo (*read)(const std::string&), const std::string& path) {
    const py::gil_scoped_release release;
    return read(path);
}

}  // namespace

void bind_files(py::module_& module) {
    module.def(
        "file_info", [](const std::string& path) { return dict_of(without_gil(file_info, path)); }, py::arg("path"));
    module.def(
        "verify_file", [](const std::string& path) { return dict_of(without_gil(verify_file, path)); },
        py::arg("path"));
}

}  // namespace lanner::bindings
