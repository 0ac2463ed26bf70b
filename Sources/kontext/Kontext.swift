@main
enum Kontext {
  static func main() {}
}
