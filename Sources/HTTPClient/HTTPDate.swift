import CCurl

/// The instant that an HTTP header such as `Expires` names, since 1970; nil for another text.
///
/// Standard: RFC 9110, 5.6.7, with its obsolete forms.
package func httpDate(_ text: String) -> Duration? {
  let seconds = curl_getdate(text, nil)
  return seconds < 0 ? nil : .seconds(seconds)
}
