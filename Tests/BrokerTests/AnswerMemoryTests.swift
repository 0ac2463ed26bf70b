import Broker
import Testing

@Suite("Memory for answers of Context Sources")
struct AnswerMemoryTests {
  @Test("operations share it, and give back what they held when they end")
  func sharing() {
    let memory = AnswerMemory(bytesMax: 100)
    let one = HeldAnswers(in: memory)
    #expect(one.take(60))
    do {
      let other = HeldAnswers(in: memory)
      #expect(!other.take(41))
      #expect(other.take(40))
      #expect(!one.take(1))
    }
    #expect(one.take(40))
  }
}
