import HTTPClient

extension HTTPClient {
  /// Why a notification could not be delivered; nil for success, which is any status from 200 to
  /// 299.
  ///
  /// Choice: the standard says 200 alone, but receivers in the field answer 201 and 204 too.
  func failure(of request: HTTPClientRequest) async -> String? {
    do throws(HTTPClientError) {
      let status = try await send(request).status
      return 200...299 ~= status ? nil : "HTTP status \(status)"
    } catch {
      return error.description
    }
  }
}
