"""Opens a layer of an OGC API with QGIS, headless, as an office's desktop would; prints what it found as JSON.

usage: qgis_layer.py URL COLLECTION TOKEN
"""

import json
import sys

from qgis.core import QgsApplication, QgsDataSourceUri, QgsNetworkAccessManager, QgsVectorLayer

url, collection, token = sys.argv[1:4]
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], False)
app.initQgis()
# What a user enters under "Authentication"; set for every request of this process.
header = ("Bearer " + token).encode()
QgsNetworkAccessManager.setRequestPreprocessor(lambda request: request.setRawHeader(b"Authorization", header))

uri = QgsDataSourceUri()
uri.setParam("url", url)
uri.setParam("typename", collection)
uri.setParam("pageSize", "100")
layer = QgsVectorLayer(uri.uri(False), collection, "OAPIF")
found = {"valid": layer.isValid(), "error": layer.dataProvider().error().message() if layer.dataProvider() else ""}
if layer.isValid():
    features = list(layer.getFeatures())
    found["crs"] = layer.crs().authid()
    found["fields"] = [field.name() for field in layer.fields()]
    found["count"] = len(features)
    found["valid_geometries"] = sum(1 for f in features if f.hasGeometry() and f.geometry().isGeosValid())
    extent = layer.extent()
    found["extent"] = [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()]
print(json.dumps(found))
app.exitQgis()
