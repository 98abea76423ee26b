#include "engine/stop_texts.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace linnet {
namespace {

std::string through(StopTexts& stops, const std::vector<std::string>& pieces) {
    std::string out;
    for (const std::string& piece : pieces) out += stops.feed(piece);
    return out + stops.finish();
}

TEST(StopTexts, CutsAtTheFirstAcrossPieces) {
    StopTexts stops({"END", "STOP"});
    EXPECT_EQ(through(stops, {"say E", "N", "Dless ST", "OP more"}), "say ");
    EXPECT_TRUE(stops.found());
}

TEST(StopTexts, GivesBackWhatDidNotBecomeOne) {
    StopTexts stops({"aab"});
    EXPECT_EQ(stops.feed("xaa"), "x");
    EXPECT_EQ(stops.feed("a"), "a");
    EXPECT_EQ(stops.finish(), "aa");
    EXPECT_FALSE(stops.found());
}

// However the stream is cut into pieces, what comes out is the text before the first stop.
RC_GTEST_PROP(StopTexts, PiecesDoNotMatter, ()) {
    auto letters = rc::gen::container<std::string>(rc::gen::element('a', 'b'));
    auto text = *letters;
    auto stop = *rc::gen::nonEmpty(letters);
    auto cuts = *rc::gen::container<std::vector<size_t>>(rc::gen::inRange<size_t>(1, 4));
    std::vector<std::string> pieces;
    size_t at = 0;
    for (size_t cut : cuts) {
        if (at >= text.size()) break;
        pieces.push_back(text.substr(at, cut));
        at += cut;
    }
    if (at < text.size()) pieces.push_back(text.substr(at));
    StopTexts stops({stop});
    RC_ASSERT(through(stops, pieces) == text.substr(0, text.find(stop)));
}

}  // namespace
}  // namespace linnet
