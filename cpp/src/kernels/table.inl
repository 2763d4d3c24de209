// Conversions, the bandwidth yardstick, and the table that holds one level's kernels.

namespace lanner {
namespace {

using Load = typename Lane::Floats (*)(const Byte*);
using LoadTail = typename Lane::Floats (*)(const Byte*, std::size_t);
using Store = void (*)(typename Lane::Floats, Byte*);

template <Load kLoad, LoadTail kLoadTail, std::size_t kFrom, Store kStore, std::size_t kTo>
LANNER_INLINE void convert(const void* from, void* to, std::size_t count) {
    const Byte* source = static_cast<const Byte*>(from);
    Byte* target = static_cast<Byte*>(to);
    for (; count >= Lane::kFloats; count -= Lane::kFloats) {
        kStore(kLoad(source), target);
        source += Lane::kFloats * kFrom;
        target += Lane::kFloats * kTo;
    }
    if (count == 0) return;
    Byte rest[Lane::kFloats * kTo];
    kStore(kLoadTail(source, count), rest);
    for (std::size_t i = 0; i < count * kTo; ++i) target[i] = rest[i];
}

void f32_to_f16(const float* from, std::uint16_t* to, std::size_t count) noexcept {
    convert<Lane::load_f32, Lane::load_f32_tail, 4, Lane::store_f16, 2>(from, to, count);
}
void f16_to_f32(const std::uint16_t* from, float* to, std::size_t count) noexcept {
    convert<Lane::load_f16, Lane::load_f16_tail, 2, Lane::store_f32, 4>(from, to, count);
}
void f32_to_bf16(const float* from, std::uint16_t* to, std::size_t count) noexcept {
    convert<Lane::load_f32, Lane::load_f32_tail, 4, Lane::store_bf16, 2>(from, to, count);
}
void bf16_to_f32(const std::uint16_t* from, float* to, std::size_t count) noexcept {
    convert<Lane::load_bf16, Lane::load_bf16_tail, 2, Lane::store_f32, 4>(from, to, count);
}

std::uint64_t read_all(const void* bytes, std::size_t size) noexcept {
    constexpr std::size_t kSums = 8;
    constexpr std::size_t kStep = Lane::kBytes;
    const Byte* from = static_cast<const Byte*>(bytes);
    typename Lane::Bytes sums[kSums];
    LANNER_UNROLL
    for (std::size_t i = 0; i < kSums; ++i) sums[i] = Lane::zero_bytes();

    for (; size >= kSums * kStep; size -= kSums * kStep, from += kSums * kStep) {
        prefetch_bytes(from + kBytesAhead, kSums * kStep);
        LANNER_UNROLL
        for (std::size_t i = 0; i < kSums; ++i) {
            sums[i] = Lane::bit_xor(sums[i], Lane::load_bytes(from + i * kStep));
        }
    }
    for (; size >= kStep; size -= kStep, from += kStep) sums[0] = Lane::bit_xor(sums[0], Lane::load_bytes(from));
    if (size != 0) sums[0] = Lane::bit_xor(sums[0], Lane::load_bytes_tail(from, size));

    std::uint64_t result = 0;
    LANNER_UNROLL
    for (std::size_t i = 0; i < kSums; ++i) result ^= Lane::fold_xor(sums[i]);
    return result;
}

template <class Space>
constexpr void put(KernelTable& table, ElementType type, Op op) {
    table.rows[static_cast<int>(type)][static_cast<int>(op)] = rows_kernel<Space>;
    table.block[static_cast<int>(type)][static_cast<int>(op)] = block_kernel<Space>;
    table.tile[static_cast<int>(type)][static_cast<int>(op)] = tile_kernel<Space>;
}

template <ElementType kType>
constexpr void put_floats(KernelTable& table) {
    put<FloatSpace<kType, Op::kL2>>(table, kType, Op::kL2);
    put<FloatSpace<kType, Op::kDot>>(table, kType, Op::kDot);
    put<FloatSpace<kType, Op::kCenteredL2>>(table, kType, Op::kCenteredL2);
}

template <ElementType kType, Op kOp, class AnyLane>
constexpr void put_integer(KernelTable& table) {
    if constexpr (AnyLane::kByteProducts) {
        put<ByteSpace<AnyLane, kType, kOp, false>>(table, kType, kOp);
        table.rows[static_cast<int>(kType)][static_cast<int>(kOp)] =
            rows_kernel<ByteSpace<AnyLane, kType, kOp, kOp == Op::kCenteredL2>>;
        if constexpr (kOp == Op::kCenteredL2) {
            table.item_rows[static_cast<int>(kType)] = rows_kernel<ByteSpace<AnyLane, kType, kOp, true, true>>;
        }
    } else {
        put<WordSpace<kType, kOp>>(table, kType, kOp);
    }
}

template <ElementType kType>
constexpr void put_integers(KernelTable& table) {
    put_integer<kType, Op::kL2, Lane>(table);
    put_integer<kType, Op::kDot, Lane>(table);
    put_integer<kType, Op::kCenteredL2, Lane>(table);
}

// In a function of its own, because a lane need not have what the other spaces want.
template <CodeBits kBits, class AnyLane>
constexpr auto code_space() {
    if constexpr (AnyLane::kByteProducts) {
        return CodeByteSpace<AnyLane, kBits>{};
    } else if constexpr (AnyLane::kPairProducts && kBits == CodeBits::k4) {
        return CodePairSpace<AnyLane>{};
    } else {
        return CodeWordSpace<kBits>{};
    }
}

template <CodeBits kBits, class AnyLane>
constexpr void put_codes(KernelTable& table) {
    using Space = decltype(code_space<kBits, AnyLane>());
    table.code_rows[static_cast<int>(kBits)] = rows_kernel<Space>;
    table.code_block[static_cast<int>(kBits)] = block_kernel<Space>;
    table.code_tile[static_cast<int>(kBits)] = tile_kernel<Space>;
}

constexpr KernelTable make_table(const char* name, std::uint32_t needs) {
    KernelTable table{};
    table.name = name;
    table.needs = needs;
    table.sums_rows = Lane::kByteProducts;
    put_floats<ElementType::kFloat32>(table);
    put_floats<ElementType::kFloat16>(table);
    put_floats<ElementType::kBFloat16>(table);
    put_integers<ElementType::kInt8>(table);
    put_integers<ElementType::kUInt8>(table);
    put<BitSpace<Op::kHamming>>(table, ElementType::kBits, Op::kHamming);
    put<BitSpace<Op::kJaccard>>(table, ElementType::kBits, Op::kJaccard);
    put_codes<CodeBits::k8, Lane>(table);
    put_codes<CodeBits::k4, Lane>(table);
    table.columns[static_cast<int>(Op::kL2)] = columns_kernel<Op::kL2>;
    table.columns[static_cast<int>(Op::kDot)] = columns_kernel<Op::kDot>;
    table.nearest_column = nearest_column;
    table.small_near = small_near;
    table.small_columns = kSmallColumns;
    table.pack_nibbles = pack_nibbles;
    table.nibble_values = nibble_values;
    table.sketch_values = sketch_values;
    table.f32_to_f16 = f32_to_f16;
    table.f16_to_f32 = f16_to_f32;
    table.f32_to_bf16 = f32_to_bf16;
    table.bf16_to_f32 = bf16_to_f32;
    table.hadamard = hadamard;
    table.multiply = multiply;
    table.add_and_subtract = add_and_subtract;
    table.largest = largest;
    table.to_signed_bytes = to_signed_bytes;
    table.to_small = to_small;
    table.read_all = read_all;
    return table;
}

}  // namespace
}  // namespace lanner
