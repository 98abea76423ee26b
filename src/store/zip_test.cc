#include "store/zip.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "store/testing/archive.h"

namespace linnet {
namespace {

using testing::Archive;
using testing::Member;

// Finds a member in a whole archive, the way a download does: tail, directory, header.
Result<std::string> packed_bytes(const std::string& zip, std::string_view name) {
    Bytes bytes = as_bytes(zip);
    Bytes tail = bytes.last(std::min<size_t>(bytes.size(), zip_tail_bytes));
    ZipDirectory place = TRY(find_zip_directory(tail, bytes.size()));
    ZipEntry entry = TRY(find_zip_entry(bytes.subspan(place.offset, place.bytes), place, name));
    Bytes header = bytes.subspan(entry.header_offset, zip_header_bytes);
    uint64_t offset = TRY(zip_data_offset(header, entry, place));
    return zip.substr(offset, entry.packed_bytes);
}

Code failure(const std::string& zip, std::string_view name = "a.txt") {
    auto found = packed_bytes(zip, name);
    EXPECT_FALSE(found);
    return found ? Code::Bug : found.error().code;
}

Archive small() {
    return {.members = {{.name = "a.txt", .content = "hello", .deflated = false},
                        {.name = "b/c.txt", .content = "world", .deflated = false}}};
}

TEST(Zip, FindsMembers) {
    EXPECT_EQ(*packed_bytes(small().bytes(), "a.txt"), "hello");
    EXPECT_EQ(*packed_bytes(small().bytes(), "b/c.txt"), "world");
    Archive commented = small();
    commented.comment = std::string(60'000, 'c');
    EXPECT_EQ(*packed_bytes(commented.bytes(), "a.txt"), "hello");
    Archive wide = small();
    wide.zip64 = true;
    EXPECT_EQ(*packed_bytes(wide.bytes(), "b/c.txt"), "world");
    EXPECT_EQ(failure(small().bytes(), "c.txt"), Code::NotFound);
}

TEST(Zip, RefusesWhatCannotBe) {
    for (std::string text :
         {std::string(), std::string("PK"), std::string(1000, 'x'), small().bytes().substr(0, 60)})
        EXPECT_EQ(failure(text), Code::BadInput);
    Archive twice = small();
    twice.members[1].name = "a.txt";
    EXPECT_EQ(failure(twice.bytes()), Code::BadInput);
    Archive encrypted = small();
    encrypted.members[0].flags = 1;
    EXPECT_EQ(failure(encrypted.bytes()), Code::BadInput);
    Archive method = small();
    method.members[0].method = 14;
    EXPECT_EQ(failure(method.bytes()), Code::Unsupported);
    Archive bomb = small();
    bomb.members[0].deflated = true;
    bomb.members[0].claim_bytes = 1'000'000'000;
    EXPECT_EQ(failure(bomb.bytes()), Code::BadInput);
    Archive two_sizes = small();
    two_sizes.members[0].claim_bytes = 6;
    EXPECT_EQ(failure(two_sizes.bytes()), Code::BadInput);
    Archive outside = small();
    outside.members[0].claim_offset = 1'000'000;
    EXPECT_EQ(failure(outside.bytes()), Code::BadInput);
    Archive crowd = small();
    crowd.claim_entries = 60'000;
    EXPECT_EQ(failure(crowd.bytes()), Code::BadInput);
    Archive elsewhere = small();
    elsewhere.claim_directory = 5'000;
    EXPECT_EQ(failure(elsewhere.bytes()), Code::BadInput);
}

RC_GTEST_PROP(Zip, DamageIsAnErrorOrAnotherAnswer, (uint32_t at, uint8_t bit, bool wide)) {
    Archive archive = small();
    archive.zip64 = wide;
    std::string zip = archive.bytes();
    zip[at % zip.size()] = static_cast<char>(zip[at % zip.size()] ^ (1 << bit % 8));
    (void)packed_bytes(zip, "a.txt");  // no crash, no read beyond (under the sanitizers)
    (void)packed_bytes(zip.substr(0, at % zip.size()), "a.txt");
}

}  // namespace
}  // namespace linnet
