// Uploads a file with tus-js-client, trying again as long as it takes, and prints what became of it as JSON.
//
//   upload.mjs URL TOKEN FILE CHUNK [UPLOAD]
//
// CHUNK is the most bytes a request, 0 for one request as long as it lasts; UPLOAD is an upload to go on with.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as tus from 'tus-js-client'

const [url, token, file, chunk, uploadUrl] = process.argv.slice(2)
const bytes = readFileSync(file)
const sha256 = createHash('sha256').update(bytes).digest('hex')
const requests = []

const upload = new tus.Upload(bytes, {
  endpoint: `${url}/api/v1/uploads`,
  uploadUrl,
  chunkSize: Number(chunk) || Infinity,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: '现场 1.jpg', filetype: 'image/jpeg', sha256 },
  retryDelays: Array(100).fill(100),
  storeFingerprintForResuming: false,
  onBeforeRequest: (request) => requests.push(request.getMethod()),
  onSuccess: () => console.log(JSON.stringify({ sha256, upload: upload.url, requests })),
  onError: (error) => {
    console.error(String(error))
    process.exitCode = 1
  },
})
upload.start()
