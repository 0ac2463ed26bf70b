import DistributedOperations
import Glibc
import NGSILD

extension Configuration {
  /// Longer files hold something else.
  private static let credentialBytesMax = 1 << 20

  /// Reads the file that `--source-credentials` names.
  static func sourceCredentials(
    in path: String
  ) throws(ConfigurationError) -> SourceCredentials {
    let bytes = try contents(of: path)
    do throws(NGSILDError) {
      return try SourceCredentials(parsing: bytes)
    } catch {
      throw ConfigurationError(description: "\(path) holds no credentials. \(error.detail)")
    }
  }

  private static func contents(of path: String) throws(ConfigurationError) -> [UInt8] {
    guard let file = fopen(path, "r") else {
      throw ConfigurationError(
        description: "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    let bytes = [UInt8](unsafeUninitializedCapacity: credentialBytesMax + 1) { buffer, count in
      count = fread(buffer.baseAddress, 1, buffer.count, file)
    }
    guard ferror(file) == 0, bytes.count <= credentialBytesMax else {
      throw ConfigurationError(
        description: "\(path) cannot be read: a file of at most 1 MB is expected")
    }
    return bytes
  }
}
