#pragma once
// SPDX-License-Identifier: Apache-2.0
// How slots come back: a bitmap with one bit per slot, set by any thread of the consumer when it is
// done with a message, in any order, and emptied by the producer. A one-word summary tells the
// producer which words of the bitmap are worth a look.
//
// Whoever makes a word non-zero also sets its summary bit. The producer takes the summary first,
// then the words: a bit set after it took a word found the word zero again, and so sets the summary
// again. Between the two steps of a consumer's thread the other bits of that word are not
// announced; sweep() finds them. The producer masks what it finds with its own record of what is
// lent, so garbage, double returns and returns of evicted slots are without effect.

#include <bit>
#include <cstdint>

#include "base/crash_point.hpp"
#include "shared_memory/atomics.hpp"

namespace dora::shared_memory {

constexpr std::uint32_t bitmap_words(std::uint32_t bits) {
  return (bits + 63) / 64;
}

template <typename Policy>
class ReturnedSlots {
 public:
  using Word = typename Policy::template Atomic<std::uint64_t>;

  /// `words`: bitmap_words(slots) of them.
  ReturnedSlots(Word& summary, Word* words, std::uint32_t slots)
      : summary_(&summary), words_(words), word_count_(bitmap_words(slots)) {
    while ((word_count_ - 1) >> group_shift_ >= 64)
      ++group_shift_;
  }

  /// Consumer, any thread, wait-free: `slot` is free for the producer to write again.
  void give_back(std::uint32_t slot) const {
    const std::uint32_t word = slot / 64;
    // release: all reads of the slot and its block are done before the producer sees the bit.
    if (words_[word].fetch_or(std::uint64_t{1} << (slot % 64), std::memory_order_release) != 0) {
      return;
    }
    crash_point("consumer.returning");
    // release: a producer that sees the summary bit finds the word's bit.
    summary_->fetch_or(std::uint64_t{1} << (word >> group_shift_), std::memory_order_release);
  }

  /// Producer: calls `found(word_index, bits)` for announced words.
  template <typename Found>
  void collect(Found&& found) const {
    // relaxed: a hint; a bit missed now is found at the next call.
    if (summary_->load(std::memory_order_relaxed) == 0) return;
    // acquire: pairs with give_back(), so that the words behind it are not older.
    std::uint64_t groups = summary_->exchange(0, std::memory_order_acquire);
    while (groups != 0) {
      const auto group = static_cast<std::uint32_t>(std::countr_zero(groups));
      groups &= groups - 1;
      const std::uint32_t begin = group << group_shift_;
      const std::uint32_t end = begin + (1U << group_shift_);
      for (std::uint32_t word = begin; word < end && word < word_count_; ++word) {
        take_word(word, found);
      }
    }
  }

  /// Producer: looks at every word, announced or not.
  template <typename Found>
  void sweep(Found&& found) const {
    for (std::uint32_t word = 0; word < word_count_; ++word)
      take_word(word, found);
  }

  Word* words() const { return words_; }

 private:
  template <typename Found>
  void take_word(std::uint32_t word, Found& found) const {
    // relaxed: saves the exchange where there is nothing. It cannot miss what the summary
    // announced, because that was acquired before.
    if (words_[word].load(std::memory_order_relaxed) == 0) return;
    // acquire: pairs with give_back(): what is written into the slot next comes after every read by
    // the consumer. Bits of several threads form one release sequence, so all of them count.
    const std::uint64_t bits = words_[word].exchange(0, std::memory_order_acquire);
    if (bits != 0) found(word, bits);
  }

  Word* summary_;
  Word* words_;
  std::uint32_t word_count_;
  std::uint32_t group_shift_ = 0;
};

}  // namespace dora::shared_memory
