#include "trust/hash.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/testing/temporary.h"
#include "base/text.h"

namespace linnet {
namespace {

std::string hex_of(std::string_view text) {
    return sha256(as_bytes(text)).hex();
}

// FIPS 180-4 examples, and the empty text.
TEST(Sha256, KnownAnswers) {
    EXPECT_EQ(hex_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hex_of(std::string(1'000'000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

RC_GTEST_PROP(Sha256, PiecesGiveTheSameAsTheWhole, (const std::vector<std::string>& pieces)) {
    Sha256 hash;
    std::string whole;
    for (const std::string& piece : pieces) {
        Sha256 copy = hash;  // a copy is not disturbed by what follows
        hash.update(as_bytes(piece));
        RC_ASSERT(copy.digest() == sha256(as_bytes(whole)));
        whole += piece;
        RC_ASSERT(hash.digest() == sha256(as_bytes(whole)));
    }
}

RC_GTEST_PROP(Digest, TextComesBack, (const std::string& any)) {
    Digest digest = sha256(as_bytes(any));
    RC_ASSERT(*parse_digest(digest.text()) == digest);
    RC_ASSERT(*parse_sha256_hex(digest.hex()) == digest);
}

TEST(Digest, RefusesWhatIsNotSixtyFourDigits) {
    std::string good(64, 'a');
    EXPECT_TRUE(parse_sha256_hex(good));
    EXPECT_EQ(parse_sha256_hex(std::string(64, 'A'))->hex(), good);
    std::string dotted = good, zero = good;
    dotted.replace(0, 8, "../../..");
    zero[10] = '\0';
    for (std::string bad : {std::string(), good.substr(1), good + "a", good.substr(1) + "g", dotted,
                            zero, good.substr(1) + " ", "0x" + good.substr(2)}) {
        ASSERT_FALSE(parse_sha256_hex(bad)) << bad;
        EXPECT_EQ(parse_sha256_hex(bad).error().code, Code::BadInput);
        EXPECT_FALSE(parse_digest("sha256:" + bad)) << bad;
    }
    EXPECT_TRUE(parse_digest("sha256:" + good));
    for (std::string bad :
         {good, "sha256-" + good, "SHA256:" + good, "md5:" + good, " sha256:" + good})
        EXPECT_FALSE(parse_digest(bad)) << bad;
}

TEST(Sha256, OfAFile) {
    testing::TemporaryFolder folder;
    Cancel cancel;
    std::string text(3'000'000, 'x');
    ASSERT_TRUE(write_file_atomic(folder.path() / "f", text));
    uint64_t last = 0;
    auto digest = sha256_of_file(folder.path() / "f", cancel, [&](uint64_t done) {
        EXPECT_GT(done, last);
        last = done;
    });
    ASSERT_TRUE(digest);
    EXPECT_EQ(*digest, sha256(as_bytes(text)));
    EXPECT_EQ(last, text.size());

    auto missing = sha256_of_file(folder.path() / "none", cancel, [](uint64_t) {});
    EXPECT_EQ(missing.error().code, Code::NotFound);
    cancel.request();
    auto stopped = sha256_of_file(folder.path() / "f", cancel, [](uint64_t) {});
    EXPECT_EQ(stopped.error().code, Code::Interrupted);
}

TEST(ConstantTime, ComparesLengthAndContent) {
    EXPECT_TRUE(equal_in_constant_time(as_bytes("secret"), as_bytes("secret")));
    EXPECT_FALSE(equal_in_constant_time(as_bytes("secret"), as_bytes("secreT")));
    EXPECT_FALSE(equal_in_constant_time(as_bytes("secret"), as_bytes("secre")));
    EXPECT_TRUE(equal_in_constant_time({}, {}));
}

}  // namespace
}  // namespace linnet
