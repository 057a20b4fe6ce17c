// Lambda@Edge, origin request: signs each request for the region that index.js chooses, with the credentials of the function's
// role (AWS Signature Version 4). API Gateway authorizes it with IAM.
'use strict';

const { createHash, createHmac } = require('node:crypto');
const { handler: choose } = require('./index.js');

const SERVICE = 'execute-api';

const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

/** Encodes all but the unreserved characters of RFC 3986. */
const encode = (text) => (
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
);

/** The name and the value of each parameter, in the one encoding in which a signature covers them. */
function parameters(query) {
  return query.split('&').filter(Boolean).map((pair) => {
    const [name, ...value] = pair.split('=');
    return [name, value.join('=')].map((text) => encode(decodeURIComponent(text.replaceAll('+', ' '))));
  });
}

const joined = (pairs) => pairs.map((pair) => pair.join('=')).join('&');
const compare = (a, b) => (a < b ? -1 : Number(a > b));

function signed(request) {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const date = time.slice(0, 8);
  // The name of a region begins with the region.
  const [region] = request.origin.custom.domainName.split('.');
  const { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = process.env;
  const headers = { Host: request.headers.host[0].value, 'X-Amz-Date': time, 'X-Amz-Security-Token': token };
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const pairs = parameters(request.querystring);
  // What is sent must be what is signed.
  request.querystring = joined(pairs);
  pairs.sort(([a, x], [b, y]) => compare(a, b) || compare(x, y));
  const canonical = [
    request.method,
    `${request.origin.custom.path ?? ''}${request.uri}`.split('/').map(encode).join('/'),
    joined(pairs),
    ...Object.values(headers).map((value, index) => `${names[index]}:${value}`),
    '',
    names.join(';'),
    sha256(Buffer.from(request.body?.data ?? '', 'base64')),
  ].join('\n');
  const scope = `${date}/${region}/${SERVICE}/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`;
  const signature = [date, region, SERVICE, 'aws4_request', text].reduce(hmac, `AWS4${secret}`).toString('hex');
  headers.Authorization =
    `AWS4-HMAC-SHA256 Credential=${key}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  for (const [name, value] of Object.entries(headers)) {
    request.headers[name.toLowerCase()] = [{ key: name, value }];
  }
  // The hash of a signature of the client does not belong to this one.
  delete request.headers['x-amz-content-sha256'];
  return request;
}

exports.handler = async (event) => {
  const { body } = event.Records[0].cf.request;
  if (body?.inputTruncated) {
    // CloudFront passes at most 1 MB to the function, which cannot sign the rest.
    return { status: '413', statusDescription: 'Content Too Large' };
  }
  const request = await choose(event);
  try {
    return signed(request);
  } catch (error) {
    if (error instanceof URIError) return { status: '400', statusDescription: 'Bad Request' };
    throw error;
  }
};
